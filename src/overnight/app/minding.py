"""What an AI agent asks about its runs: a check-in that waits, what it missed, a briefing.

Rules:
- The agent holds its place itself (`core.handle`); what is kept here of a reader is only what `overview` needs.
- A wait comes back for what needs the reader and for nothing else: quiet check-ins pass in silence.
- A reader without a place is told a summary once; it waits like the others, so that nobody polls by mistake.
"""

import asyncio
from contextlib import suppress
from functools import partial
from typing import NamedTuple

from overnight.app import wording
from overnight.app.feed import Feed
from overnight.app.following import FRESH_S, Cursor
from overnight.app.knowing import found, is_closed, status_of, unread_for
from overnight.app.place import Place
from overnight.core import handle
from overnight.core.briefing import BRIEFING_TOKENS
from overnight.core.calls import TOOLS, Calls
from overnight.core.digest import EVENTFUL_TOKENS
from overnight.core.handle import Handle
from overnight.core.model import MAX_WAIT_S, Status
from overnight.core.news import News
from overnight.core.overview import Missed
from overnight.errors import HomeUnusable, Unreadable, WaitTooLong
from overnight.store import runs
from overnight.store.home import home
from overnight.store.rundir import RunDir
from overnight.watchman.start import ensure_if_needed

_DAY_S = 86_400.0
_BREAKING_S = 0.5
"""What a process needs from its last words to its end: then both are told at once."""
_CANCELLED = "cancelled "


class Told(NamedTuple):
    """An answer to a reader. `since`: its new place; `needed`: whether somebody has to act or tell something."""

    status: Status
    news: News
    text: str
    since: str
    needed: bool


async def check_in(
    feed: Feed,
    ref: str,
    since: str | None = None,
    wait_s: float = 0.0,
    *,
    reader: str = "",
    calls: Calls = TOOLS,
    budget_tokens: int = EVENTFUL_TOKENS,
) -> Told:
    """Wait at most `wait_s` seconds for what needs a reader at `since`, and say what is new to it.

    `reader`: by name, for `overview`. Raises WaitTooLong, NoSuchRun, AmbiguousRun, Unreadable.
    """
    if wait_s > MAX_WAIT_S:
        text = f"One wait is at most {MAX_WAIT_S:g} s, not {wait_s:g}: chain waits, nothing is lost between them."
        raise WaitTooLong(text)
    run = found(ref)
    held = handle.read(since)
    place = Place(run, held.events if held is not None else None)
    if place.first and _needs_somebody(status_of(run)):
        wait_s = 0.0
    await feed.until(run, lambda: _is_enough(place), wait_s)
    if wait_s and place.is_breaking():
        await feed.until(run, lambda: _has_ended(place), _BREAKING_S)
    status = await _caught_up(feed, place)
    now_at = (held or Handle(-1)).moved(place.events)
    _remember(run, reader, place)
    # A briefing reads megabytes and asks git: it goes beside the loop, in which others wait to the second.
    tell = partial(wording.told, place, status, calls, since=str(now_at), budget_tokens=budget_tokens)
    text = await asyncio.to_thread(tell)
    needed = place.has_urgent() or status.state != "running" or (place.first and status.question is not None)
    return Told(status, place.news(), text, str(now_at), needed)


def cancel_wait(ref: str, wait: str) -> None:
    """Nobody waits under that name any more; the run goes on. Raises NoSuchRun, HomeUnusable."""
    found(ref).set_cursor(_CANCELLED + wait, {"events": 0})


def is_wait_cancelled(ref: str, wait: str) -> bool:
    """Whether `cancel_wait` was called. Raises NoSuchRun."""
    return found(ref).cursor(_CANCELLED + wait) is not None


def brief(ref: str, calls: Calls = TOOLS, budget_tokens: int = BRIEFING_TOKENS) -> str:
    """All that is needed to act on the run as it is. Raises NoSuchRun, AmbiguousRun, Unreadable."""
    run = found(ref)
    ensure_if_needed(run.home)
    return wording.brief(run, status_of(run), calls, budget_tokens)


def _is_enough(place: Place) -> bool:
    place.take()
    return place.has_urgent() or (place.run.over and (unread_for(place.run) or 0.0) <= 0 and _is_left(place))


def _has_ended(place: Place) -> bool:
    place.take()
    return not place.is_breaking()


def _is_left(place: Place) -> bool:
    """Whether nobody takes up the end: its events would tell it a moment later."""
    return status_of(place.run).state != "running"


async def _caught_up(feed: Feed, place: Place) -> Status:
    """The status that follows from what was read: it is written right after."""
    run = place.run

    def is_fresh() -> bool:
        return status_of(run).updated_at >= place.news_at or is_closed(run)

    await feed.until(run, is_fresh, FRESH_S)
    return status_of(run)


def _needs_somebody(status: Status) -> bool:
    return status.state != "running" or status.question is not None


# ---------------------------------------------------------------- what was missed


def _remember(run: RunDir, reader: str, place: Place) -> None:
    """For `overview`. On a full disk it tells more, never less."""
    if reader:
        with suppress(HomeUnusable):
            run.set_cursor(reader, {"events": place.events, "log": place.log})


def overview(reader: str, now: float) -> list[Missed]:
    """The runs that live and those that ended within a day, newest first, with what `reader` missed of each.

    `now`: wall time. Raises HomeUnusable.
    """
    place = home()
    ensure_if_needed(place)
    missed = []
    for run in runs.current(place, now - _DAY_S):
        try:
            cursor = Cursor(run, reader)
            cursor.take()
            missed.append(Missed(status_of(run), cursor.place.news(), str(Handle(cursor.place.events))))
        except Unreadable:  # `overnight ls` says so
            continue
    return missed
