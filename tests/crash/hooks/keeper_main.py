"""The keepers as they are, with the points where they can be made to stand still: FOLDER is the last argument."""

import os
import runpy
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from pausing import BEFORE_EXEC, BEFORE_EXIT, BEFORE_START, pausing

if __name__ == "__main__":
    real_main, folder = sys.argv[1:3]
    runpy.run_path(real_main, run_name="keeper")["_find_package"]()
    from overnight.keeper import birth, command, records

    records.write_start = pausing(folder, BEFORE_START, records.write_start)
    records.commit_exit = pausing(folder, BEFORE_EXIT, records.commit_exit)
    command.execute = pausing(folder, BEFORE_EXEC, command.execute)
    birth.main()
