"""Puts the named points into every Python process of a case: the command line, the watchman, the keepers they spawn.

Rules: the program itself is not changed and knows nothing of this; a module gets its point when it is imported.
"""

import os
import sys
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import PathFinder

from pausing import BEFORE_MARK, BEFORE_STORE, pausing

FOLDER = os.environ.get("CRASH_POINTS", "")
KEEPER = os.path.join("overnight", "keeper", "__main__.py")


def _in_rundir(module):
    is_end = lambda _run, events: any(event.kind == "ended" for event in events)  # noqa: E731
    module.RunDir.append = pausing(FOLDER, BEFORE_STORE, module.RunDir.append, is_end)


def _in_outbox(module):
    module.Sender._settle = pausing(FOLDER, BEFORE_MARK, module.Sender._settle)


class _Points(MetaPathFinder, Loader):
    wanted = {"overnight.store.rundir": _in_rundir, "overnight.notify.outbox": _in_outbox}

    def find_spec(self, name, path=None, target=None):
        if name not in self.wanted:
            return None
        spec = PathFinder.find_spec(name, path)
        self.real, spec.loader = spec.loader, self
        return spec

    def create_module(self, spec):
        return self.real.create_module(spec)

    def exec_module(self, module):
        self.real.exec_module(module)
        self.wanted[module.__name__](module)


def _spawn_with_points(real):
    def spawn(path, argv, env, **options):
        if argv[-1].endswith(KEEPER):
            hooked = os.path.join(os.path.dirname(os.path.abspath(__file__)), "keeper_main.py")
            argv = [*argv[:-1], hooked, argv[-1], FOLDER]
        return real(path, argv, env, **options)

    return spawn


if FOLDER:
    sys.meta_path.insert(0, _Points())
    os.posix_spawn = _spawn_with_points(os.posix_spawn)
