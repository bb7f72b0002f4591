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
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

Row = tuple[float, str] | dict[str, Any]
GIB = 1 << 30
BEGAN = datetime(2026, 11, 27, 22, 0, 0)
WHERE = "/home/ana/lab"
INTERRUPTED = {"after_s": 2.0, "signal": 2, "log": "^C\nKeyboardInterrupt\n"}


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


# ---------------------------------------------------------------- sweeps


def quiet_optuna(chance: random.Random) -> Iterator[Row]:
    yield {"name": "digits", "argv": ["python", "tune.py", "--trials", "960"], "expect": {"trials": 960}}
    yield from usage(28_790, 2.1)
    yield 3.0, f"{optuna_line(3.0)} A new study created in RDB with name: digits\n"
    pruned = set(chance.sample([n for n in range(12, 958) if n not in QUIET_BESTS], 214))
    best, best_at = 9.0, 0
    for n in range(960):
        t = 3.0 + (n + 1) * 29.98 + chance.uniform(-4, 4) * (n < 959)
        if n in pruned:
            yield t, f"{optuna_line(t)} Trial {n} pruned. \n"
            continue
        value = QUIET_BESTS.get(n, round(0.0352 + abs(chance.gauss(0, 0.02)) + 0.5 / (n + 1), 4))
        lr = 0.0021307512 if n == 812 else chance.uniform(1e-4, 1e-1)
        if value < best:
            best, best_at = value, n
        params = (
            f"{{'lr': {lr!r}, 'n_layers': {chance.randint(1, 4)}, 'dropout': {chance.uniform(0.05, 0.5)!r}}}"
        )
        yield (
            t,
            (
                f"{optuna_line(t)} Trial {n} finished with value: {value} and parameters: {params}. "
                f"Best is trial {best_at} with value: {best}.\n"
            ),
        )
    yield {"t": 28_793.0, "end": {"code": 0}}


QUIET_BESTS = {
    9: 0.034, 30: 0.0338, 64: 0.0336, 101: 0.0334, 160: 0.0331, 233: 0.0329, 318: 0.0327, 402: 0.0324,
    511: 0.0322, 598: 0.0319, 667: 0.0317, 745: 0.0314, 812: 0.0312,
}  # fmt: skip
"""The trials that set a new best: each a little better, none worth waking somebody."""

_RAISED = """Traceback (most recent call last):
  File "/home/ana/lab/.venv/lib/python3.12/site-packages/optuna/study/_optimize.py", line 201, in _run_trial
    value_or_values = func(trial)
  File "/home/ana/lab/sweep.py", line 58, in objective
    model.fit(scale(X, method), y)
  File "/home/ana/lab/.venv/lib/python3.12/site-packages/sklearn/utils/validation.py", line 170, in _assert_all_finite
    raise ValueError(msg_err)
ValueError: Input X contains NaN.
"""


def failing_sweep(chance: random.Random) -> Iterator[Row]:
    yield {
        "name": "svm", "argv": ["python", "sweep.py", "--n-trials", "300"], "expect": {"trials": 300},
        "answers": ["continue"],
    }  # fmt: skip
    yield from usage(18_000, 3.4)
    yield 2.0, f"{optuna_line(2.0)} A new study created in memory with name: svm\n"
    failing = set(range(120, 127)) | set(range(133, 293, 8))
    best, best_at = -1.0, 0
    for n in range(300):
        t = (n + 1) * 60.0 - 1.5
        c = 7.3812 if n == 231 else round(chance.uniform(0.01, 100), 4)
        scale = "log" if n in failing else chance.choice(["standard", "robust", "minmax"])
        params = f"{{'C': {c}, 'scale': '{scale}', 'gamma': {chance.uniform(1e-5, 1)!r}}}"
        if n in failing:
            yield (
                t,
                (
                    f"{optuna_line(t, 'W')} Trial {n} failed with parameters: {params} because of the following error: "
                    f"ValueError('Input X contains NaN.').\n{_RAISED}"
                    f"{optuna_line(t, 'W')} Trial {n} failed with value None.\n"
                ),
            )
            continue
        value = 0.9467 if n == 231 else round(min(0.9443, 0.9385 + n * 2e-5) - abs(chance.gauss(0, 0.02)), 4)
        if value > best:
            best, best_at = value, n
        yield (
            t,
            (
                f"{optuna_line(t)} Trial {n} finished with value: {value} and parameters: {params}. "
                f"Best is trial {best_at} with value: {best}.\n"
            ),
        )
    yield {"t": 18_000.0, "end": {"code": 0}}


LEAPS = {41: 0.7912, 97: 0.8544, 160: 0.9021, 221: 0.9288}


def records(chance: random.Random) -> Iterator[Row]:
    yield {"name": "nas", "argv": ["python", "search.py", "--space", "cell"], "expect": {"trials": 240}}
    yield from usage(21_600, 8.0)
    yield 4.0, f"{optuna_line(4.0)} A new study created in RDB with name: nas\n"
    small = {n + after: v + 0.0001 * i for n, v in LEAPS.items() for i, after in enumerate((4, 8, 12), 1)}
    small |= {2: 0.701, 5: 0.7031, 8: 0.7052, 14: 0.7073, 19: 0.7094, 26: 0.7115, 33: 0.7136}
    del small[225], small[229], small[233]  # the last leap stays the best
    best, best_at = -1.0, 0
    for n in range(240):
        t = (n + 1) * 90.0
        low = best if best > 0 else 0.7
        value = round(LEAPS.get(n) or small.get(n) or low - 0.001 - abs(chance.gauss(0, 0.03)), 4)
        if value > best:
            best, best_at = value, n
        act = "gelu" if n == 221 else chance.choice(["relu", "tanh", "silu"])
        params = (
            f"{{'width': {chance.randint(16, 128)}, 'depth': {chance.randint(4, 20)}, 'activation': '{act}'}}"
        )
        yield (
            t,
            (
                f"{optuna_line(t)} Trial {n} finished with value: {value} and parameters: {params}. "
                f"Best is trial {best_at} with value: {best}.\n"
            ),
        )
    yield {"t": 21_605.0, "end": {"code": 0}}


def warnings_flood(chance: random.Random) -> Iterator[Row]:
    yield {"name": "grid", "argv": ["python", "grid.py"], "answers": ["continue"]}
    yield from usage(12_010, 1.6)
    yield (
        2.0,
        "loading data/clinic.parquet\nFitting 5 folds for each of 240 candidates, totalling 1200 fits\n",
    )
    warning = (
        "/home/ana/lab/.venv/lib/python3.12/site-packages/sklearn/linear_model/_sag.py:348: ConvergenceWarning: "
        "The max_iter was reached which means the coef_ did not converge\n  warnings.warn(\n"
    )
    for n in range(1200):
        t = 4.0 + (n + 1) * 10.0
        c, ratio = round(0.01 * 1.04 ** (n // 5), 4), (0.15, 0.5, 0.85, 1.0)[n // 5 % 4]
        score = min(0.9374, round(0.9105 + chance.gauss(0, 0.008), 4))
        yield t - 8.0, warning * 4
        yield t - 1.0, warning * 4
        if n == 300:
            yield t - 0.5, "data_loader: 1204 of 48000 rows dropped (missing labels)\n"
        yield (
            t,
            (
                f"[CV {n % 5 + 1}/5] END C={c}, l1_ratio={ratio}, penalty=elasticnet, solver=saga;, "
                f"score={score:.3f} total time=  {chance.uniform(9, 10):.1f}s\n"
            ),
        )
    best = "{'C': 0.4641, 'l1_ratio': 0.15, 'penalty': 'elasticnet', 'solver': 'saga'}"
    yield 12_008.0, f"Best score: 0.9381\nBest parameters: {best}\n"
    yield {"t": 12_010.0, "end": {"code": 0}}


# ---------------------------------------------------------------- trainings


def tqdm_training(chance: random.Random) -> Iterator[Row]:
    yield {"name": "resnet50", "argv": ["python", "train.py", "--epochs", "20", "--data", "imagenette"]}
    yield from usage(12_060, 11.0)
    yield 6.0, "Loading imagenette: 9469 images, 10 classes\nUsing device: cuda:0\n"
    for epoch in range(1, 21):
        begin = 8.0 + (epoch - 1) * 602.0
        loss = 2.1 * 0.86**epoch + 0.12
        for at in range(2, 601, 2):
            done = int(1000 * at / 600)
            note = f", loss={loss * chance.uniform(0.93, 1.07):.4f}"
            yield begin + at, f"\rEpoch {epoch}/20: {bar(done, 1000, at, note)}"
        val = VAL_ACC[epoch - 1]
        val_loss = 1.05 - val + max(0, epoch - 17) * 0.004
        text = f"\nepoch {epoch}/20 train_loss {loss:.4f} val_loss {val_loss:.4f} val_acc {val}\n"
        if val == max(VAL_ACC[:epoch]):
            text += f"val_acc improved to {val}, saved runs/resnet50/best.pt\n"
        yield begin + 601, text + f"Epochs: {bar(epoch, 20, epoch * 602.0)}\n"
    yield 12_055.0, "done: best weights in runs/resnet50/best.pt\n"
    yield {"t": 12_058.0, "end": {"code": 0}}


VAL_ACC = [
    0.3812, 0.5021, 0.5933, 0.6587, 0.7041, 0.7433, 0.7721, 0.7986, 0.8172, 0.8344, 0.8501, 0.8622, 0.8761,
    0.8854, 0.8967, 0.9061, 0.9143, 0.9132, 0.9129, 0.9127,
]  # fmt: skip


def hf_trainer(chance: random.Random) -> Iterator[Row]:
    yield {"name": "distilbert", "argv": ["python", "run_glue.py", "--output_dir", "out/distilbert"]}
    yield from usage(8_950, 6.5)
    yield (
        12.0,
        (
            "Some weights of DistilBertForSequenceClassification were not initialized from the model checkpoint at "
            "distilbert-base-uncased and are newly initialized: ['classifier.bias', 'classifier.weight']\n"
            "You should probably TRAIN this model on a down-stream task to be able to use it for predictions and "
            "inference.\n"
        ),
    )
    pace = 0.95
    evals = {3125: (0.2871, 0.9012, 1.0), 6250: (0.2513, 0.9187, 2.0), 9375: (0.264, 0.9173, 3.0)}
    for step in range(1, 9376):
        t = 20.0 + step * pace
        if step % 2 == 0 or step in evals:
            yield t, f"\r{bar(step, 9375, step * pace)}"
        if step % 25 == 0:
            loss = 0.62 * 0.99986**step * chance.uniform(0.85, 1.15) + 0.05
            facts = {
                "loss": round(loss, 4), "grad_norm": round(chance.uniform(0.6, 6.0), 6),
                "learning_rate": 2e-05 * (1 - step / 9375), "epoch": round(step / 3125, 2),
            }  # fmt: skip
            yield t + 0.01, f"\n{facts}\n"
        if step in evals:
            loss, accuracy, epoch = evals[step]
            for done in range(0, 158, 12):
                yield t + 0.05 + done / 400, f"\r{bar(done, 157, max(0.1, done / 40))}"
            facts = {
                "eval_loss": loss, "eval_accuracy": accuracy, "eval_runtime": 4.1, "eval_samples_per_second": 306.2,
                "eval_steps_per_second": 38.3, "epoch": epoch,
            }  # fmt: skip
            yield t + 0.5, f"\n{facts}\nSaving model checkpoint to out/distilbert/checkpoint-{step}\n"
    facts = {
        "train_runtime": 8931.7, "train_samples_per_second": 33.588, "train_steps_per_second": 1.05,
        "train_loss": 0.2412, "epoch": 3.0,
    }  # fmt: skip
    yield 8_945.0, f"\r{facts}\nSaving model checkpoint to out/distilbert\n"
    yield {"t": 8_952.0, "end": {"code": 0}}


def nan_loss(chance: random.Random) -> Iterator[Row]:
    yield {
        "name": "gpt-small", "argv": ["python", "train.py", "--config", "configs/base.yaml"],
        "stopped": INTERRUPTED,
    }  # fmt: skip
    yield from usage(12_000, 9.0)
    yield (
        5.0,
        (
            "config: configs/base.yaml\ndataset: owt, 9.0B tokens\nnumber of parameters: 123.59M\n"
            "using fused AdamW: True\ncompiling the model... (takes a ~minute)\nmax_steps: 40000\n"
        ),
    )
    gradients = {21_260: 2.4, 21_280: 15.9, 21_300: 145.2, 21_320: 412.7}
    for step in range(20, 24_001, 20):
        t = step / 2
        loss = max(1.873, 9.0 * step**-0.158) * chance.uniform(0.995, 1.005)
        grad = gradients.get(step, chance.uniform(0.3, 0.6))
        shown = "loss nan | grad_norm nan" if step >= 21_340 else f"loss {loss:.4f} | grad_norm {grad:.2f}"
        if step == 21_320:
            shown = f"loss 1.8791 | grad_norm {grad:.1f}"
        yield t, f"step {step}/40000 | {shown} | lr 6.00e-04 | 498.{chance.randint(0, 9)} ms\n"
        if step % 2000 == 0:
            yield t + 0.4, f"saved checkpoint to ckpt/step_{step}.pt\n"
    yield {"t": 12_003.0, "end": {"code": 0}}


def hang(chance: random.Random) -> Iterator[Row]:
    yield {
        "name": "ddp", "argv": ["torchrun", "--nproc_per_node", "4", "train.py"], "answers": ["stop"],
        "stopped": {"after_s": 33.0, "signal": 15, "log": "W1128 torch elastic: received SIGTERM\n"},
    }  # fmt: skip
    yield from usage(28_800, 40.0)
    yield 9.0, "rank 0: world size 4, backend nccl\nrank 0: 20000 iterations, batch 64 per rank\n"
    for step in range(20, 4221, 20):
        t = 9.0 + step * 0.82
        loss = (3.1 * step**-0.11) * chance.uniform(0.98, 1.02)
        yield t, f"{clock(t)} iter {step}/20000 loss {loss:.4f} lr 3.0e-04 (0.82 s/iter)\n"
        if step % 1000 == 0:
            yield t + 1, f"{clock(t + 1)} saved checkpoint ckpt/iter_{step}.pt\n"
    for t in range(3600, 28_800, 600):
        yield float(t), f"PULSE {clock(t)} 4 of 4 ranks alive, GPU 100 %\n"
    yield {"t": 28_800.0, "end": {"code": None, "signal": 9}}


def keras_bar(part: float, left: str, facts: str) -> str:
    """As Keras 3 draws it, with its colours."""
    drawn = int(20 * part)
    bars = f"\x1b[32m{'━' * drawn}\x1b[0m\x1b[37m{'━' * (20 - drawn)}\x1b[0m"
    return f"\r\x1b[1m{int(1875 * part):4d}/1875\x1b[0m {bars} \x1b[1m{left}\x1b[0m 315ms/step - {facts}"


def oom_kill(chance: random.Random) -> Iterator[Row]:
    yield {"name": "auc", "argv": ["python", "fit.py", "--epochs", "30"], "answers": ["continue"]}
    yield from usage(8_200, 6.0, 59.0)
    for epoch in range(1, 15):
        begin = (epoch - 1) * 600.0
        yield begin + 0.5, f"Epoch {epoch}/30\n"
        took = 590 + chance.randint(0, 8)
        loss, auc = 0.69 * 0.95**epoch, 0.52 + 0.03 * epoch
        for at in range(5, 400 if epoch == 14 else took, 5):
            facts = f"auc: {auc:.4f} - loss: {loss * chance.uniform(0.98, 1.02):.4f}"
            yield begin + at, keras_bar(at / took, f"{span((1 - at / took) * took).lstrip('0')}", facts)
        if epoch == 14:
            break
        val = {12: 0.8812, 13: 0.8797}.get(epoch, round(0.55 + 0.0272 * epoch, 4))
        facts = f"auc: {auc:.4f} - loss: {loss:.4f} - val_auc: {val:.4f} - val_loss: {loss + 0.05:.4f}\n"
        yield begin + took, keras_bar(1.0, f"{took}s", facts)
        yield begin + took + 1, f"\nEpoch {epoch}: saving model to ckpt/epoch_{epoch}.weights.h5\n"
    yield {"t": 8_200.0, "end": {"code": None, "signal": 9, "oom": True, "max_rss_bytes": 59 * GIB}}


_KEY_ERROR = """Traceback (most recent call last):
  File "/home/ana/lab/finetune/train.py", line 301, in <module>
    main(cfg)
  File "/home/ana/lab/finetune/train.py", line 268, in main
    loss = train_epoch(model, loader, cfg, epoch)
  File "/home/ana/lab/finetune/train.py", line 212, in train_epoch
    smoothing = cfg["label_smoothing"]
                ~~~^^^^^^^^^^^^^^^^^^^
KeyError: 'label_smoothing'
"""


def traceback(chance: random.Random) -> Iterator[Row]:
    yield {"name": "finetune", "argv": ["python", "train.py", "--epochs", "10", "--seed", "7"]}
    yield from usage(10_840, 7.0)
    yield 8.0, "seed 7, 10 epochs, 2000 batches each\nmodel: roberta-base, 124.6M parameters\n"
    scores = [0.7912, 0.8311, 0.8544, 0.8689, 0.8731]
    for epoch in range(1, 7):
        for batch in range(10, 2001, 10):
            t = 12.0 + (epoch - 1) * 1900 + batch * 0.94
            if t > 10_830:
                break
            loss = 0.69 * 0.9993 ** ((epoch - 1) * 200 + batch / 10) * chance.uniform(0.8, 1.2)
            yield t, f"{clock(t)} INFO epoch {epoch}/10 batch {batch}/2000 loss={loss:.4f} lr=2.0e-05\n"
        else:
            end = 12.0 + epoch * 1900 - 10
            yield (
                end,
                f"{clock(end)} INFO epoch {epoch}/10 val_loss={0.5 - 0.04 * epoch:.4f} val_f1={scores[epoch - 1]}\n",
            )
            yield end + 2, f"{clock(end + 2)} INFO saved out/checkpoint-{epoch}\n"
    yield 10_839.5, _KEY_ERROR
    yield {"t": 10_840.0, "end": {"code": 1}}


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
