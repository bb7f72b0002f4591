"""What holds for all tests.

Rules: bytecode is kept. Containers often forbid it (PYTHONDONTWRITEBYTECODE), and the tests start hundreds of
interpreters: each would compile the product first, and each worker all the tests.
"""

import os
import sys

os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False
