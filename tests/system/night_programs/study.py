"""A real Optuna study whose objective is known: it creeps, then trial 15 leaps."""

import optuna

VALUES = [1.0 - 0.001 * n for n in range(15)] + [0.2] + [0.9] * 4


def objective(trial: optuna.Trial) -> float:
    trial.suggest_float("x", 0.0, 1.0)
    return VALUES[trial.number]


study = optuna.create_study(direction="minimize", sampler=optuna.samplers.RandomSampler(seed=1))
study.optimize(objective, n_trials=len(VALUES))
print(f"best value: {study.best_value}", flush=True)
