"""A real study to watch: Optuna tunes a small neural network on the digits that come with scikit-learn.

    overnight run --goal "minimize value" --expect trials=34 -- python -m overnight.demo_study

Rules:
- Nothing is acted: real trials, real pruning, a real SQLite storage (`demo-study.db`) in the current folder.
- Seeded, so that the search tells the same story each time: a sound baseline, ten trials by chance, then
  what the search makes of them.
- About two minutes on one core; `--trials` makes it shorter or longer. Run again, it goes on.
"""

import argparse
import os
import sys
import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import optuna

NAME = "digits"
STORAGE = "sqlite:///demo-study.db"
TRIALS = 34
SEED = 1
_EPOCHS = 40
_FOLDS = 5
_STARTUP = 10
_BASELINE = {"learning_rate": 0.004, "hidden": 64, "alpha": 0.01, "batch": 64}
"""What one would try first: fine, and beatable."""


def main(argv: list[str] | None = None) -> int:
    """Run the study; exit code 1 with one sentence when its two libraries are not installed."""
    parser = argparse.ArgumentParser(
        prog="python -m overnight.demo_study", description="A real study to watch."
    )
    parser.add_argument("--trials", type=int, default=TRIALS, help="how many (default %(default)s)")
    parser.add_argument("--seed", type=int, default=SEED, help="of the search (default %(default)s)")
    options = parser.parse_args(argv)
    for library in (
        "OMP",
        "OPENBLAS",
        "MKL",
    ):  # matrices this small are slower on several threads, and not the same
        os.environ.setdefault(f"{library}_NUM_THREADS", "1")
    try:
        study, objective = _study(options.seed), _objective(options.seed)
    except ImportError as error:
        sys.stderr.write(f"The demo needs Optuna and scikit-learn ({error}): pip install 'overnight[demo]'\n")
        return 1
    study.optimize(objective, n_trials=options.trials)
    best = study.best_trial
    found = f"best log loss {best.value:.4f} in trial {best.number} with {best.params}"
    sys.stdout.write(f"Study finished: {found}\n")
    return 0


def _study(seed: int) -> "optuna.Study":
    import optuna

    study = optuna.create_study(
        storage=STORAGE,
        study_name=NAME,
        direction="minimize",
        sampler=optuna.samplers.TPESampler(seed=seed, n_startup_trials=_STARTUP),
        pruner=optuna.pruners.MedianPruner(n_startup_trials=_STARTUP, n_warmup_steps=_EPOCHS // 3),
        load_if_exists=True,
    )
    study.enqueue_trial(_BASELINE, skip_if_exists=True)
    return study


def _objective(seed: int) -> "Callable[[optuna.Trial], float]":
    """Mean log loss over the folds, reported after each epoch, so that hopeless trials are pruned."""
    import numpy
    import optuna
    from sklearn.datasets import load_digits
    from sklearn.metrics import log_loss
    from sklearn.model_selection import StratifiedKFold

    images, labels = load_digits(return_X_y=True)
    images = images / 16.0  # grey levels are 0 to 16
    classes = numpy.unique(labels)
    folds = list(StratifiedKFold(_FOLDS, shuffle=True, random_state=seed).split(images, labels))

    def objective(trial: optuna.Trial) -> float:
        networks = [_network(trial, seed + fold) for fold in range(_FOLDS)]
        loss = float("inf")
        for epoch in range(_EPOCHS):
            losses = []
            for network, (train, held_out) in zip(networks, folds, strict=True):
                network.partial_fit(images[train], labels[train], classes=classes)
                seen = network.predict_proba(images[held_out])
                losses.append(log_loss(labels[held_out], seen, labels=classes))
            loss = float(numpy.mean(losses))
            trial.report(loss, epoch)
            if trial.should_prune():
                raise optuna.TrialPruned
        return loss

    return objective


def _network(trial: "optuna.Trial", seed: int) -> Any:
    from sklearn.neural_network import MLPClassifier

    return MLPClassifier(
        hidden_layer_sizes=(trial.suggest_int("hidden", 4, 256, log=True),),
        learning_rate_init=trial.suggest_float("learning_rate", 1e-5, 1e-1, log=True),
        alpha=trial.suggest_float("alpha", 1e-6, 10.0, log=True),
        batch_size=trial.suggest_categorical("batch", [16, 32, 64, 128]),
        random_state=seed,
    )


if __name__ == "__main__":
    warnings.simplefilter("ignore", category=UserWarning)
    sys.exit(main())
