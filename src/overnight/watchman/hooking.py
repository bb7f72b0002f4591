"""When the user's own commands are run, and what is recorded of it.

Rules: for each question that is open and for the end, after the report; once, unless the watchman dies meanwhile: what
was begun and not recorded as over is run one more time, under the same key, and never a third.
"""

import asyncio
from collections.abc import Callable
from functools import partial

from overnight.core.briefing import BRIEFING_TOKENS, EVIDENCE, QUESTION_TOKENS, Evidence, briefing, gathered
from overnight.core.calls import SHELL
from overnight.core.digest import digest
from overnight.core.model import Event, EventKind, HookOf, Status
from overnight.core.news import News
from overnight.core.watch import Watch
from overnight.report.sincegood import since_good
from overnight.store.rundir import RunDir
from overnight.watchman import hooks
from overnight.watchman.hooks import Outcome
from overnight.watchman.journal import Journal
from overnight.watchman.telling import settings_or_defaults
from overnight.watchman.threads import Threads

_REPORT_S = 60.0
"""How long the end's command waits for the report."""
_TAIL = 12
_STARTS = 2


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
        last = self._watch.reader.tail(_TAIL)
        bound_s = (await self._threads.short(settings_or_defaults)).hook_s
        told = await self._threads.long(self._told, of, status, last)
        run = partial(hooks.run, command, self._run_dir.path, spec.cwd, env, told, bound_s)
        data: dict[str, object] = {"on": of, "key": key}
        begun = next((name for name in _begun(key) if not self._journal.knows(name)), None)
        if begun is None:
            outcome = Outcome(None, 0.0, "the watchman died each time while it ran, so it is not run again")
        else:
            await self._journal.record([self._event("hook_begun", begun, data)])
            outcome = await self._threads.long(run)
        data |= {"code": outcome.code, "seconds": outcome.seconds}
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

    def _told(self, of: HookOf, status: Status, last: list[str]) -> str:
        """Reads all events: call it in a thread."""
        asks = of == "attention" and status.question is not None
        if not asks and status.state not in ("failed", "lost"):
            return digest(status, News(first=True, ended=status.state != "running"), calls=SHELL)
        changes = since_good(self._run_dir)
        changed = changes.lines() if changes is not None else ()
        evidence = Evidence(gathered(self._run_dir.events_of(*EVIDENCE)), changed=changed, last=last)
        return briefing(status, evidence, SHELL, QUESTION_TOKENS if asks else BRIEFING_TOKENS)

    def _event(self, kind: EventKind, key: str, data: dict[str, object]) -> Event:
        t = self._journal.last_t
        facts = self._watch.veil.facts(data)
        return Event(t=round(t, 3), kind=kind, key=key, offset=self._watch.offset, data=facts)


def _begun(key: str) -> list[str]:
    """The keys under which its starts are recorded, each before it."""
    return [f"hook_begun:{key}:{number}" for number in range(1, _STARTS + 1)]
