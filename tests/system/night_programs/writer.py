"""Writes as many bytes as a pipe asks for, and says into another one what became of them; `exit C` ends it."""

import os
import sys

with open(sys.argv[1]) as asked, open(sys.argv[2], "w", buffering=1) as said:
    for word in asked:
        if word.startswith("exit"):
            sys.exit(int(word.split()[1]))
        try:
            said.write(f"{os.write(1, bytes([10]) * int(word))}\n")
        except OSError as error:
            said.write(f"{os.strerror(error.errno)}\n")
