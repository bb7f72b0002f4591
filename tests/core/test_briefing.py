"""What a briefing reads of the events of a run, however many there are."""

import msgspec

from overnight.core.briefing import Evidence, briefing, gathered
from overnight.core.calls import SHELL
from overnight.core.model import Event, EventKind, Problem, Sample, Status

PROBLEM = Problem(signature="net.dns", cls="network", severity="minor", count=1, first_line=3, last_line=3,
                  text="no such host", cause="", advice="", relaunch="")  # fmt: skip


def event(t: float, kind: EventKind, data: object = None) -> Event:
    return Event(t=t, kind=kind, key=f"{kind}:{t}", data=msgspec.to_builtins(data or {}))


def status(latest: Sample) -> Status:
    return Status(run="k3f9", name="n", state="failed", exit_code=1, signal=None, phase="ended", verdict="critical",
                  elapsed_s=9e3, progress=[], best=None, metrics={}, problems=[], question=None,
                  next_check_in_s=None, log="", sample=latest)  # fmt: skip


def test_of_a_flood_a_briefing_says_the_same_as_of_all_and_holds_little() -> None:
    notes = [event(n, "note", {"text": f"note {n}" if n % 2 else ""}) for n in range(4_000)]
    samples = [event(n + 0.5, "sample", Sample(t=n, rss_bytes=n % 1_000)) for n in range(4_000)]
    rest = [event(10.2, "problem", PROBLEM), event(3_999.7, "problem", PROBLEM)]
    events = sorted([*notes, *samples, *rest], key=lambda e: e.t)
    kept = gathered(events)
    assert len(kept) < 20
    assert kept == [e for e in events if e in kept]
    latest = Sample(t=4_000.0, rss_bytes=7, cpu_percent=1.0)
    said = [briefing(status(latest), Evidence(found), SHELL) for found in (events, kept)]
    assert said[0] == said[1]
    assert "note 3999" in said[0]
    assert "peak 999" in said[0]
