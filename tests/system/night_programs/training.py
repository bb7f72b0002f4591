"""A training that goes well: epochs whose loss falls, and a result at the end."""

import select
import sys

epochs = int(sys.argv[1])
for epoch in range(1, epochs + 1):
    select.select([], [], [], 0.05)  # an epoch's work
    print(f"Epoch {epoch}/{epochs} - loss: {1 / epoch:.4f} - val_loss: {1.2 / epoch:.4f}", flush=True)
print("training finished", flush=True)
