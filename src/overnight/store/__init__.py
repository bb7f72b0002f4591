"""What is kept: run directories, which are the truth, and an index over them that can always be rebuilt.

`home` is light (standard library only) and serves the start of a run; `rundir` and `runs` read and write run
directories; `index` is the SQLite database over them, with the outbox.
"""
