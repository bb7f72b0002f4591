"""The fixtures of the system tests.

Rules: what a test starts heeds signals, also where the tests themselves were started to ignore them (`nohup`, a shell's
background): children inherit that.
"""

import signal

from helpers import home
from lab import disk
from night import nights, plots
from outside import outsiders

__all__ = ["disk", "home", "nights", "outsiders", "plots"]

signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)
