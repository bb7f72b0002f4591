"""The one background process per home: it reads the logs of all runs, decides by the core, records and tells.

```
service (the loop) ── files: one inotify ──► runwatch (one task per run) ──► core.watch.Watch
        │                pidfds, timers            │ events, in order
        └── lock: one per home                     └─► journal (record) ─► acts (stop a tree, tell, report,
        sample)
```

Rules:
- Everything is on disk before it is acted on; whoever kills this process at any time loses nothing. The next
  one replays the events and the log, and does what was not yet recorded as done.
- The loop never blocks: the disk, `/proc`, stopping a tree, sending and reports are waited for in threads or
  processes of their own.
- A fault of the watch is never a fault of the run, nor of another run's watch: it is noted and begun anew.
- It launches no command by itself, ever.
"""
