"""Where the bare interpreter starts: `python -I -S .../overnight/keeper/__main__.py`.

Isolated mode knows no paths but the standard library's, so the package is found from this file. The package's
own `__init__` is left out: it is the public API and may be heavy.
"""

import os
import sys


def _find_package() -> None:
    package = type(sys)("overnight")
    package.__path__ = [os.path.dirname(os.path.dirname(os.path.abspath(__file__)))]
    sys.modules["overnight"] = package


if __name__ == "__main__":
    _find_package()
    from overnight.keeper.birth import main

    main()
