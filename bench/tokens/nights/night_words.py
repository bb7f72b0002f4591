"""What frameworks write: lines, bars, times; and what a run's processes use."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

Row = tuple[float, str] | dict[str, Any]
GIB = 1 << 30
BEGAN = datetime(2026, 11, 27, 22, 0, 0)


def clock(t: float, form: str = "%Y-%m-%d %H:%M:%S") -> str:
    return (BEGAN + timedelta(seconds=t)).strftime(form)


def optuna_line(t: float, level: str = "I") -> str:
    return f"[{level} {clock(t)},{int(t * 1000) % 1000:03d}]"


def span(seconds: float) -> str:
    """As tqdm writes it."""
    minutes, left = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{left:02d}" if hours else f"{minutes:02d}:{left:02d}"


def bar(done: int, total: int, took_s: float, note: str = "") -> str:
    eighths = int(80 * done / total)
    drawn = "█" * (eighths // 8) + (" ▏▎▍▌▋▊▉"[eighths % 8].strip() if eighths < 80 else "")
    pace = done / took_s if took_s else 0.0
    left = span((total - done) / pace) if pace else "?"
    speed = f"{pace:5.2f}it/s" if pace >= 1 or not pace else f"{1 / pace:5.2f}s/it"
    return f"{int(100 * done / total):3d}%|{drawn:<10}| {done}/{total} [{span(took_s)}<{left}, {speed}{note}]"


def usage(end: float, gib: float, to_gib: float | None = None, total: float = 64.0) -> Iterator[Row]:
    """What the tree used, each minute."""
    for t in range(0, int(end), 60):
        rss = gib + ((to_gib or gib) - gib) * t / end
        yield {"t": float(t), "sample": {
            "cpu_percent": 187.0, "rss_bytes": int(rss * GIB), "processes": 5,
            "memory_free_bytes": int((total - 2 - rss) * GIB), "disk_free_bytes": 412 * GIB,
        }}  # fmt: skip
