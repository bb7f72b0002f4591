"""A real process that says what a test writes into its pipe: one line at a time, `exit N` ends it.

SIGINT ends it as it ends any training script: with a checkpoint and code 130.
"""

import sys


def main(pipe: str) -> int:
    print("Epoch 1/100 - loss: 0.900", flush=True)
    try:
        with open(pipe) as lines:
            for line in lines:
                if line.startswith("exit "):
                    return int(line.split()[1])
                print(line, end="", flush=True)
    except KeyboardInterrupt:
        print("checkpoint saved", flush=True)
        return 130
    return 0


sys.exit(main(sys.argv[1]))
