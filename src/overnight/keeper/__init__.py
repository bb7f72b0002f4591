"""The two processes that own a command, and what others need to know about them.

```
launch() ─ spawns ─► a bare interpreter ─► A (outer) ─► B (inner) ─► the command ──► output.log
                     (reports, ends)        both wait; the first to see the end records it
```

Rules:
- Standard library only; nothing of the rest of the program but `overnight.errors`.
- The pair is born in a bare interpreter (`sys.executable -I -S`), never forked from the caller: the caller
  may have threads, open descriptors, megabytes and secrets. Measured: a fork in place of the command line's
  process is 1 to 2 ms quicker (its page tables eat up the rest), and the pair is 9.6 instead of 4.2 MB of
  PSS. `pkill -f train.py` does not hit a keeper either: its name is `overnight/` and the run's id, its
  command line ours.
- Nothing that can die stands between the command and its log: it writes the file itself.
- The end is recorded before the command is reaped: whoever is killed in between, the other one sees it again.

Parts: `launch` (the caller's side), `birth` (the bare interpreter), `command` (the child until exec), `stranger` and
`attend` (what was started without us), `keep` (the two waiting loops), `terminal` (a pty on request), `records`,
`oom`, `identity`, `witness`, `liveness`, `tree`, `stop`, `linux`.
"""
