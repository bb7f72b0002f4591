"""A hundred thousand times the same warning, as fast as they can be written, between honest progress."""

import sys

LINE = "/env/lib/model.py:12: RuntimeWarning: overflow encountered in exp\n"
print("Epoch 1/2 - loss: 0.9", flush=True)
for _ in range(100):
    sys.stderr.write(LINE * 1000)
sys.stderr.flush()
print("Epoch 2/2 - loss: 0.8", flush=True)
