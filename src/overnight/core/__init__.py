"""The pure core: bytes in, decisions out.

Nothing in here reads a clock, a file, a socket or a process; `now` is an argument (seconds since the
run's start). So the same code watches a live run, replays a night in milliseconds, and reads a finished log.
"""
