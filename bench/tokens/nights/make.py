"""Write the recordings: `python bench/tokens/nights/make.py`. The same bytes each time.

Rules:
- What is written and how often is what Optuna 4, tqdm, Keras 3, scikit-learn, the Trainer of Hugging Face and plain
  training scripts write; the times are those of such runs.
- The first line of a recording is what was started, and how it ends when it is asked to (`stopped`); then come what
  was written and when, what the tree used, and the end.
"""

import json
import lzma
import random
from pathlib import Path

from night_sweeps import failing_sweep, quiet_optuna, records, warnings_flood
from night_trainings import hang, hf_trainer, nan_loss, oom_kill, tqdm_training, traceback

WHERE = "/home/ana/lab"
NIGHTS = (
    quiet_optuna, tqdm_training, failing_sweep, nan_loss, hang, oom_kill, warnings_flood, records, traceback,
    hf_trainer,
)  # fmt: skip


def main() -> None:
    """Write them all."""
    for night in NIGHTS:
        name = night.__name__.replace("_", "-")
        rows = list(night(random.Random(name)))
        timed = [{"t": round(r[0], 2), "log": r[1]} if isinstance(r, tuple) else r for r in rows[1:]]
        timed.sort(key=lambda row: row["t"])
        lines = [
            json.dumps({"cwd": WHERE, **rows[0]}),
            *(json.dumps(row, ensure_ascii=False) for row in timed),
        ]
        path = Path(__file__).parent / name / "recording.jsonl.xz"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(lzma.compress("\n".join(lines).encode() + b"\n", preset=9))
        print(f"{name:16} {path.stat().st_size:7} bytes, {len(timed)} rows")


if __name__ == "__main__":
    main()
