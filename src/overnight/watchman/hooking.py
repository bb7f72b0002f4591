"""When the user's own commands are run, and what is recorded of it.

Rules: once for each question that is open and once for the end, after the report; recorded when it is over, so that a
crash repeats it at most once, under the same key.
"""

import asyncio
from collections.abc import Callable
from functools import partial

from overnight.core.briefing import QUESTION_TOKENS, Evidence, briefing
from overnight.core.calls import SHELL
from overnight.core.digest import digest
from overnight.core.model import Event, EventKind, HookOf, Status
from overnight.core.news import News
from overnight.core.watch import Watch
from overnight.store.rundir import RunDir
from overnight.watchman import hooks
from overnight.watchman.journal import Journal
from overnight.watchman.threads import Threads

_REPORT_S = 60.0
"""How long the end's command waits for the report."""
_TAIL = 12


class Hooks:
    """The hooks of one run. `status`: as it is now."""

    def __init__(
        self, run_dir: RunDir, watch: Watch, journal: Journal, threads: Threads, status: Callable[[], Status]
    ) -> None:
        self._run_dir = run_dir
        self._watch = watch
        self._journal = journal
        self._threads = threads
        self._status = status

    async def fire(self, of: HookOf, key: str, after: "asyncio.Task[None] | None" = None) -> None:
        """Run the command for `of`, if there is one and it was not run for that `key`, `after` another work."""
        command = self._watch.spec.hooks.get(of)
        if command is None or self._journal.knows(f"hook:{key}"):
            return
        if after is not None:
            await asyncio.wait({after}, timeout=_REPORT_S)
        status = self._status()
        spec = self._watch.spec
        env = {**spec.env, **self._facts(of, key, status)}
        run = partial(hooks.run, command, self._run_dir.path, spec.cwd, env, self._told(of, status))
        outcome = await self._threads.long(run)
        data: dict[str, object] = {"on": of, "key": key, "code": outcome.code, "seconds": outcome.seconds}
        done = [self._event("hook", f"hook:{key}", data)]
        if outcome.fault:
            text = (
                f"The command for {of} did not go well: {outcome.fault}; what it printed is in {hooks.LOG}."
            )
            done.append(self._event("note", f"note:hook:{key}", {"text": text}))
        await self._journal.record(done)

    def _facts(self, of: HookOf, key: str, status: Status) -> dict[str, str]:
        facts = {
            "OVERNIGHT_RUN": status.run,
            "OVERNIGHT_NAME": status.name,
            "OVERNIGHT_EVENT": of,
            "OVERNIGHT_KEY": f"{status.run}:{key}",
            "OVERNIGHT_STATE": status.state,
            "OVERNIGHT_EXIT_CODE": "" if status.exit_code is None else str(status.exit_code),
            "OVERNIGHT_REPORT": status.report or "",
        }
        return {name: value.replace("\0", "") for name, value in facts.items()}

    def _told(self, of: HookOf, status: Status) -> str:
        events = [event for event, _end in self._run_dir.each_event() if event is not None]
        evidence = Evidence(events, last=self._watch.reader.tail(_TAIL))
        if of == "attention" and status.question is not None:
            return briefing(status, evidence, SHELL, QUESTION_TOKENS)
        if status.state in ("failed", "lost"):
            return briefing(status, evidence, SHELL)
        return digest(status, News(first=True, ended=status.state != "running"), calls=SHELL)

    def _event(self, kind: EventKind, key: str, data: dict[str, object]) -> Event:
        t = self._journal.last_t
        facts = self._watch.veil.facts(data)
        return Event(t=round(t, 3), kind=kind, key=key, offset=self._watch.offset, data=facts)
