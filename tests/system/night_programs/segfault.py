"""Native code reads memory that is not its own."""

import ctypes

print("Epoch 1/3 - loss: 0.7", flush=True)
ctypes.string_at(0)
