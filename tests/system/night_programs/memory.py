"""Wants more memory than it may have: the address space is limited, as batch systems do."""

import resource

resource.setrlimit(resource.RLIMIT_AS, (400 << 20, 400 << 20))
print("Epoch 1/3 - loss: 0.7", flush=True)
kept = [bytearray(100 << 20) for _ in range(20)]
