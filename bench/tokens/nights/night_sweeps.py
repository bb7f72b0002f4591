"""Nights of sweeps, in the words of Optuna 4 and scikit-learn."""

import random
from collections.abc import Iterator

from night_words import Row, optuna_line, usage


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
