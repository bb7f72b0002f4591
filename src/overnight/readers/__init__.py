"""Results from outside the log: what other tools stored beside the run.

Rules of this package:
- Standard library only. The tool that wrote the data is never imported: its version is not ours to choose.
- A reader never disturbs the writer: read-only, short, and never a transaction that is held open.
- What cannot be read is `errors.Unreadable` with one sentence; `code` "busy" means: try again later.
"""
