"""When things happened, as the clock of this machine showed it."""

from datetime import datetime

from overnight.report.view import View


def wall(view: View, t: float) -> datetime:
    """Local wall time of `t` seconds after the start."""
    return datetime.fromtimestamp(view.start_at + t).astimezone()


def face(view: View, t: float) -> str:
    """`05:56`; with seconds for a run of minutes, with the date for one of days."""
    return wall(view, t).strftime(pattern(view.elapsed_s))


def pattern(span_s: float) -> str:
    """The shortest clock face that tells moments of a span apart."""
    if span_s < 600:
        return "%H:%M:%S"
    return "%H:%M" if span_s < 20 * 3600 else "%m-%d %H:%M"
