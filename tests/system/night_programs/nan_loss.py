"""The loss becomes NaN at step 20 and stays so; the steps go on for ever."""

import itertools
import select
import sys

try:
    for step in itertools.count(1):
        select.select([], [], [], 0.01)  # a step's work
        loss = 1 / step if step < 20 else float("nan")
        print(f"step {step} | train_loss: {loss:.4f} | lr: 0.001", flush=True)
except KeyboardInterrupt:
    print("checkpoint saved", flush=True)
    sys.exit(130)
