"""What single lines state: lines as the libraries print them, and lines that only look like them."""

import io
import logging
import re

import optuna
import pytest
from tqdm import tqdm

from overnight.core import recognizers
from overnight.core.lines import Line
from overnight.core.model import Fact, GoalSeen, MetricSeen, PhaseSeen, ProgressSeen, TrialSeen
from overnight.core.recognizers import Recognizers, recognize


def read(*texts: str) -> list[Fact]:
    """All facts of consecutive lines."""
    reader = Recognizers()
    return [f for n, text in enumerate(texts, 1) for f in reader.read(Line(n, 0, text, False))]


def counts(*texts: str) -> list[tuple[str, float, float | None]]:
    return [(f.unit, f.current, f.total) for f in read(*texts) if isinstance(f, ProgressSeen)]


def values(*texts: str) -> dict[str, float]:
    return {f.name: f.value for f in read(*texts) if isinstance(f, MetricSeen)}


def trials(*texts: str) -> list[TrialSeen]:
    return [f for f in read(*texts) if isinstance(f, TrialSeen)]


def segments(text: str) -> list[str]:
    """What a terminal would show one after the other: lines, and the states of a bar."""
    return [part for part in text.replace("\r", "\n").split("\n") if part.strip()]


COUNTERS = [
    # words
    ("Epoch 3/10", [("epoch", 3, 10)]),
    ("Trial 5/100 completed", [("trial", 5, 100)]),
    ("epoch: 7, loss: 0.25", [("epoch", 7, None)]),
    ("Epoch [12/200] Step [50/390] Loss: 0.31", [("epoch", 12, 200), ("step", 50, 390)]),
    ("=== Fold 2 of 5 ===", [("fold", 2, 5)]),
    ("1 of 127 steps (1%) done", [("step", 1, 127)]),
    ("45/50 iterations complete", [("iteration", 45, 50)]),
    ("s:10 trl:3.25", [("step", 10, None)]),
    ("step:125/1750 val_loss:3.2812 train_time:21931ms", [("step", 125, 1750)]),
    ("iter 100: loss 2.3401, time 20.11ms, mfu 3.10%", [("iteration", 100, None)]),
    (" iteration      100/    1000 | lm loss: 6.1E+00 | grad norm: 0.3 |", [("iteration", 100, 1000)]),
    ("Trials completed: 20", [("trial", 20, None)]),
    ("[1,  1000/ 2562] loss: 0.25", [("epoch", 1, None), ("iteration", 1000, 2562)]),
    ("train epoch: 19 - step: 1050 (total: 1060) - loss: 0.017", [("epoch", 19, None), ("step", 1050, 1060)]),
    # HF Trainer: version 4 prints floats, version 5 strings
    ("{'loss': 2.301, 'grad_norm': 1.24, 'learning_rate': 5e-05, 'epoch': 0.5}", [("epoch", 0.5, None)]),
    (
        "{'loss': '2.301', 'grad_norm': '1.24', 'learning_rate': '5e-05', 'epoch': '0.5'}",
        [("epoch", 0.5, None)],
    ),
    # OpenMMLab, Detectron2, YOLO, Rich
    (
        "2023 - mmdet - INFO - Epoch [7][200/489]\tlr: 1e-3, loss: 0.8",
        [("epoch", 7, None), ("iteration", 200, 489)],
    ),
    ("[>>>>>>>>>>>>                 ] 435/977, 0.7 task/s, elapsed: 619s", [("iteration", 435, 977)]),
    (
        "[02/17 02:53:06 d2.utils.events]:  eta: 15:03:50  iter: 4979  total_loss: 15.5",
        [("iteration", 4979, None)],
    ),
    ("[02/17 d2]: Inference done 242/29284. Dataloading: 0.0014 s/iter.", [("item", 242, 29284)]),
    (
        "   299/299       11G   0.01133  0.007185         0   0.01852       166       640",
        [("epoch", 299, 299)],
    ),
    ("Testing ━━━━━━━━ 203/203 0:04:01 • 0:00:00 0.83it/s", [("iteration", 203, 203)]),
    # Keras, both styles
    ("500/500 ━━━━━━━━━━━━━━━━━━━━ 2s 4ms/step - accuracy: 0.91 - loss: 0.3", [("step", 500, 500)]),
    (" 32/500 [>.............................] - ETA: 11s - loss: 0.3732", [("step", 32, 500)]),
    ("8/8 - 0s - 39ms/step - loss: 4.2733 - val_loss: 1.5746", [("step", 8, 8)]),
    # boosting
    ("[12]\ttrain-auc:0.99682\teval-auc:0.98", [("iteration", 12, None)]),
    ("[10]\tvalid_0's auc: 0.999555\tvalid_0's binary_logloss: 0.521506", [("iteration", 10, None)]),
    (
        "4:\tlearn: 0.2717429\ttest: 0.2717607\tbest: 0.2717607 (4)\ttotal: 51ms\tremaining: 0us",
        [("iteration", 4, None)],
    ),
    # scikit-learn
    ("Fitting 3 folds for each of 12 candidates, totalling 36 fits", [("fit", 0, 36)]),
    ("[Parallel(n_jobs=4)]: Done  42 tasks      | elapsed:    0.1s", [("task", 42, None)]),
    ("[Parallel(n_jobs=1)]: Done   3 out of   3 | elapsed:    0.0s finished", [("task", 3, 3)]),
    ("building tree 2 of 100", [("iteration", 2, 100)]),
    # simulations and tools
    ("Time = 5000", [("step", 5000, None)]),
    ("   4021 T=   364. E= -.81886372E+02 F= -.81991221E+02", [("step", 4021, None)]),
    ("     iteration #  9     ecut=    50.00 Ry     beta= 0.40", [("iteration", 9, None)]),
    ("frame=  886 fps=1.9 q=-1.0 Lsize=   36284kB time=00:07:31.11", [("frame", 886, None)]),
    (" 12/73 Test #12: MdrunIOTests .......   Passed    0.5 sec", [("test", 12, 73)]),
    (
        "  1,234,567  45%    1.2MB/s    0:00:10 (xfr#1, to-chk=99/101)",
        [("file", 2, 101), ("percent", 45, 100)],
    ),
    ("Number of trials: 20/20 (2 RUNNING, 18 TERMINATED)", [("trial", 18, 20)]),
    ("TPE using 14/14 trials with best loss -0.615496", [("trial", 14, None)]),
    ("|    total_timesteps      | 40960    |", [("step", 40960, None)]),
]


@pytest.mark.rule("W2.8")
@pytest.mark.parametrize(("text", "expected"), COUNTERS, ids=[text[:50] for text, _ in COUNTERS])
def test_a_counter_is_read_as_printed(text: str, expected: list[tuple[str, float, float | None]]) -> None:
    assert counts(text) == expected


BARS = [
    (" 45%|████▌     | 45/100 [00:10<00:12,  4.49it/s, loss=0.3]", [("iteration", 45, 100)]),
    ("123it [00:10, 12.3it/s]", [("iteration", 123, None)]),
    (
        "Epoch 3/10:  45%|####5     | 45/100 [00:10<00:12,  4.49batch/s]",
        [("epoch", 3, 10), ("batch", 45, 100)],
    ),
    (
        "Epoch 3:  45%|████▌| 45/100 [00:10<00:12, 4.49it/s, v_num=0]",
        [("epoch", 3, None), ("iteration", 45, 100)],
    ),
    ("epochs:  75%|#######5  | 3/4 [00:00<00:00, 12236.76it/s]", [("epoch", 3, 4)]),
    ("model.bin:  35%|###5      | 1.20M/3.40M [00:00<00:00, 229GB/s]", [("byte", 1.2e6, 3.4e6)]),
    (
        " 67%|██████▋   | 2/3 [02:48<01:23, 83.89s/it]saved at epoch 2",
        [("epoch", 2, None), ("iteration", 2, 3)],
    ),
    ("Best trial: 3. Best value: 2.38627:  16%|█▌  | 4/25 [00:00<00:02,  8.97it/s]", [("trial", 4, 25)]),
    (
        "Train Epoch: 40 [661/661 (100%)] Loss: 10.05: : 661it [04:05,  2.69it/s]",
        [("epoch", 40, None), ("iteration", 661, None)],
    ),
    ("  0%|          | 0/3 [00:00<?, ?it/s]", [("iteration", 0, 3)]),
]


@pytest.mark.rule("W2.8")
@pytest.mark.parametrize(("text", "expected"), BARS, ids=[text[:40] for text, _ in BARS])
def test_a_bar_counts(text: str, expected: list[tuple[str, float, float | None]]) -> None:
    assert counts(text) == expected


METRICS = [
    ("epoch 3: loss=0.25 acc=0.91", {"loss": 0.25, "acc": 0.91}),
    ("Epoch 0 - Validation Loss: 1.3, Test Accuracy: 53", {"Validation Loss": 1.3, "Test Accuracy": 53.0}),
    ("{'loss': '2.301', 'grad_norm': '1.24', 'epoch': '0.5'}", {"loss": 2.301, "grad_norm": 1.24}),
    ("{'eval_loss': 0.4, 'eval_runtime': 12.5, 'eval_samples_per_second': 80.1}", {"eval_loss": 0.4}),
    ("s:10 trl:3.25", {"train_loss": 3.25}),
    ("step 250: train loss 2.4012, val loss 2.5103", {"train loss": 2.4012, "val loss": 2.5103}),
    (" * Acc@1 76.130 Acc@5 92.862", {"Acc@1": 76.13, "Acc@5": 92.862}),
    ("{'rmse': np.float64(8.08), 'mae': 2.7}", {"rmse": 8.08, "mae": 2.7}),
    ("| epoch 001 | loss 9.823 | ppl 906.12 | wps 31245", {"loss": 9.823, "ppl": 906.12}),
    ("Epoch 3 finished with val acc: 0.91", {"val acc": 0.91}),
    ("[EVAL] The model with the best validation mIoU (0.7934) was saved", {"best validation mIoU": 0.7934}),
    ("New best model saved with reward: 141.27", {"best reward": 141.27}),
    ("2026-08-03 16:45:17.493920: val_loss -0.0624", {"val_loss": -0.0624}),
    ("   - 最佳Anomaly Recall: 0.44%", {"best Anomaly Recall": 0.44}),
    ("|    ep_rew_mean          | 141      |", {"ep_rew_mean": 141.0}),
    (
        "                   all        128        929       0.64      0.537      0.605      0.446",
        {"precision": 0.64, "recall": 0.537, "mAP50": 0.605, "mAP50-95": 0.446},
    ),
    ("[0]\ttrain-rmse:0.44+0.001\ttest-rmse:0.45+0.002", {"train-rmse": 0.44, "test-rmse": 0.45}),
    ("[2]\tvalid_0's auc: 0.999555\tvalid_0's l2: 0.52", {"valid_0 auc": 0.999555, "valid_0 l2": 0.52}),
    ("Iteration 2, loss = 1.15479903", {"loss": 1.15479903}),
    ("Trial 3: Parameters: {'learning_rate': 0.01, 'loss': 0.5}, Performance: 0.75", {"Performance": 0.75}),
]


@pytest.mark.rule("W2.8")
@pytest.mark.parametrize(("text", "expected"), METRICS, ids=[text[:40] for text, _ in METRICS])
def test_a_metric_is_read_whatever_its_style(text: str, expected: dict[str, float]) -> None:
    assert values(text) == expected


def test_a_loss_that_is_no_number_is_still_a_metric() -> None:
    found = values("epoch 3: loss: nan, val_loss=-inf")
    assert str(found["loss"]) == "nan"
    assert found["val_loss"] == float("-inf")


FALSE_FRIENDS = [
    "on 12/25/2026 at 10:30:00 we start",
    "2026-11-23 18:39:12,436 INFO connecting to 10.0.0.1:8080",
    "using 3/4 of the data",
    "[1/2] Compiling core/engine.cc",
    "[2/2] Linking core",
    "torch 2.6.0+cu124, numpy 1.26.4",
    "reading /data/epoch/3/4/part-0001.csv",
    "epochs: 100",
    "max_steps = 1000",
    "best epoch: 12",
    "using {'hidden': 113, 'batch': 16}",
    "Epoch time: 81.43 s",
    "loading epoch=3-step=100.ckpt",
    "CPU usage 45%, memory 61%",
    "0 errors, 0 warnings",
    "Namespace(lr=0.1, epochs=90, loss='ce', label_smoothing=0.1, seed=7)",
    "    loss = criterion(output, target) * 0.5",
    "    self.loss_weight = 0.5",
    "model = dict(type='FasterRCNN', loss_bbox=dict(loss_weight=1.0))",
    "def step(loss=0.1, epoch=3):",
    "return loss / 3.0",
    "HTTP error: 404",
    "[LightGBM] [Info] Start training from score 107.046003",
    "slurmstepd: error: *** STEP 174609.0 ON node7 CANCELLED AT 2026-01-02T03:04:05 ***",
    "smoothSolver:  Solving for Ux, Initial residual = 1, Final residual = 0.0019438, No Iterations 1",
    "Elapsed time: 12.5 s, 31.2 it/s",
    "params: {'dropout': 0.1, 'loss': 0.5}",
    "Performance: 0.300 ns/day, 79.898 hours/ns",
    "listening on port: 8080",
    "CUDA error: device-side assert triggered at 0x7f3a",
]


@pytest.mark.rule("W2.7", "W2.8")
@pytest.mark.parametrize("text", FALSE_FRIENDS, ids=[text[:40] for text in FALSE_FRIENDS])
def test_a_false_friend_states_nothing(text: str) -> None:
    assert recognize(Line(1, 0, text, False)) == []


def test_settings_stand_beside_a_metric_only_as_learning_rates() -> None:
    found = values(
        "epoch 3: loss: 0.5, lr: 0.001, batch_size: 32, seed: 7, momentum: 0.9, time: 12.5, fps: 30.1"
    )
    assert found == {"loss": 0.5, "lr": 0.001}


def test_a_bare_counter_is_believed_once_it_has_moved() -> None:
    texts = [f"[{i}/240] Building CXX object x{i}.o" for i in (1, 2, 3)]
    assert counts(*texts) == [("item", 2, 240), ("item", 3, 240)]
    assert counts("[ 10%] Building a.o", "[ 10%] Building b.o", "[ 12%] Building c.o") == [
        ("percent", 12, 100)
    ]


def test_the_source_that_a_traceback_shows_is_not_read() -> None:
    frame = '  File "train.py", line 99, in objective'
    assert read(frame, "    epoch = 3; loss: 0.25", "ValueError: no") == []
    assert values("Epoch 3 loss: 0.25") == {"loss": 0.25}


def test_a_table_is_read_under_its_header() -> None:
    fastai = [
        "epoch     train_loss  valid_loss  accuracy  time",
        "0         1.234       0.98        0.88      00:12",
    ]
    assert counts(*fastai) == [("epoch", 0, None)]
    assert values(*fastai) == {"train_loss": 1.234, "valid_loss": 0.98, "accuracy": 0.88}
    gromacs = ["           Step           Time", "           2175     2175.00000", "     8.4 5.5"]
    assert counts(*gromacs) == [("step", 2175, None)]


def test_gromacs_knows_its_total_from_its_settings() -> None:
    texts = [
        "   nsteps                         = 50000",
        "Steepest Descents converged to Fmax < 1000 in 2178 steps",
    ]
    assert counts(*texts)[-1] == ("step", 2178, 50000)


def test_detectron_evaluations_are_named_by_their_task() -> None:
    start = "[08/30 23:53:55] d2.evaluation.testing INFO: copypaste: "
    found = values(start + "Task: segm", start + "AP,AP50", start + "65.1157,91.3488")
    assert found == {"segm AP": 65.1157, "segm AP50": 91.3488}


def test_home_made_sweeps_are_counted_and_their_best_is_heard() -> None:
    assert counts("NEXT TRIAL", "EPOCH 0", "NEXT TRIAL") == [
        ("trial", 1, None),
        ("epoch", 0, None),
        ("trial", 2, None),
    ]
    assert values("Best trial:", "  Value: 0.8285090114691426") == {"best value": 0.8285090114691426}
    assert values("  Value: 0.8285") == {}


def test_a_trial_that_is_said_to_be_done_has_a_value_and_a_direction() -> None:
    facts = read("Trial 5/100 completed, accuracy=0.91")
    assert [f.value for f in facts if isinstance(f, TrialSeen)] == [0.91]
    assert [f.goal.direction for f in facts if isinstance(f, GoalSeen)] == ["maximize"]
    assert counts("Trial 5/100 completed, accuracy=0.91") == [("trial", 5, 100)]


def test_nextflow_counts_what_was_done_of_what_was_submitted() -> None:
    submitted = "[Task submitter] INFO  nextflow.Session - [ef/cdc19d] Submitted process > a"
    done = "DEBUG - Task completed > TaskHandler[id: 1; name: a; status: COMPLETED; exit: 0; error: -]"
    failed = "DEBUG - Task completed > TaskHandler[id: 2; name: b; status: COMPLETED; exit: 1; error: -]"
    assert counts(submitted, submitted, done, failed)[-1] == ("task", 1, 2)


def test_the_step_bar_of_a_trainer_counts_steps() -> None:
    bar = "  0%|          | 3/1000 [00:00<?, 2.1s/it]"
    assert counts("***** Running training *****", "  Num Epochs = 3", bar) == [("step", 3, 1000)]


@pytest.mark.parametrize(
    "text",
    [
        "Training complete",
        "Experiment Complete.",
        "Optimization finished!",
        "300 epochs completed in 2.995 hours.",
        "     JOB DONE.",
        "Finished mdrun on rank 0 Mon Jul  6 16:07:45 2026",
        "Total wall time: 0:13:29",
        "End",
        "完了！",
        "Ray Tune finished with exit code: 0",
        "{'train_runtime': 11174.98, 'train_loss': 0.5}",
        "[INFO] [launch.py:351:main] Process 4143570 exits successfully.",
        "HPO completado. Modelo guardado",
        "All trials completed!",
    ],
)
def test_the_end_is_heard(text: str) -> None:
    assert [f.phase for f in read(text) if isinstance(f, PhaseSeen)] == ["done"]


@pytest.mark.parametrize(
    "text",
    [
        "Training will be done in 3 hours",
        "Training failed before all epochs completed",
        "training not finished",
        "Execution complete -- Goodbye",
        "Trial 5/100 completed",
        "Epoch 3/10 done",
        "Backend ready",
        "job 17 ended with exit code: 1",
    ],
)
def test_the_end_is_not_heard_too_early(text: str) -> None:
    assert [f for f in read(text) if isinstance(f, PhaseSeen)] == []


def test_a_checkpoint_is_heard() -> None:
    assert [f.phase for f in read("Saving model checkpoint to out/ckpt") if isinstance(f, PhaseSeen)] == [
        "checkpoint"
    ]


# ---------------------------------------------------------------- Optuna, as it is installed


def _optuna_log(direction: str, objective, **kwargs) -> list[str]:  # type: ignore[no-untyped-def]  # a callback of Optuna
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    logger = logging.getLogger("optuna")
    logger.addHandler(handler)
    optuna.logging.disable_default_handler()
    optuna.logging.set_verbosity(optuna.logging.INFO)  # another test may have made it quieter
    try:
        study = optuna.create_study(direction=direction, sampler=optuna.samplers.RandomSampler(seed=0))
        study.optimize(objective, catch=(ValueError,), **kwargs)
    finally:
        logger.removeHandler(handler)
        optuna.logging.enable_default_handler()
    return segments(stream.getvalue())


def _objective(trial: optuna.Trial) -> float:
    x = trial.suggest_float("x", -3, 3)
    trial.suggest_categorical("odd", ["a, b: value: 7", "{c} Best is trial"])
    if trial.number == 2:
        raise optuna.TrialPruned
    if trial.number == 3:
        raise ValueError("bad {x}: value: 3")
    return float("nan") if trial.number == 4 else x * x


@pytest.mark.rule("W2.8")
def test_real_optuna_trials_are_read_in_all_their_states() -> None:
    found = trials(*_optuna_log("maximize", _objective, n_trials=6))
    states = {t.number: t.state for t in found}
    assert states == {0: "complete", 1: "complete", 2: "pruned", 3: "failed", 4: "failed", 5: "complete"}
    assert all(t.best is not None and t.value is not None for t in found if t.state == "complete")
    assert {t.number: t.reason for t in found if t.reason} == {
        3: "ValueError('bad {x}: value: 3')",
        4: "The value nan is not acceptable",
    }
    assert set(found[0].params) >= {"x"}


_TOLD = " Best is trial 8 with value: 0.25."


@pytest.mark.parametrize(
    ("text", "value", "best"),
    [
        ("[I 2025-10-21] Trial 0 finished with value: 16.8 and parameters: {}." + _TOLD, 16.8, (8, 0.25)),
        ("Trial 8 finished with value: 0.25 and parameters: {'a': 64}." + _TOLD, 0.25, (8, 0.25)),
        ("[I 2026-05-15 20:23:24,642] Trial 0 finished with value: 0.18092 and", 0.18092, None),
        ("Trial 0 finished with values: [0.29, 1.0] and parameters: {'x': 0.29}.", None, None),
    ],
)
def test_optuna_lines_of_other_versions_and_wrapped_ones(
    text: str, value: float | None, best: tuple[int, float] | None
) -> None:
    (trial,) = trials(text)
    assert (trial.state, trial.value, trial.best) == ("complete", value, best)


def test_an_optuna_journal_is_read() -> None:
    create = '{"op_code": 0, "worker_id": "f3", "study_name": "study", "directions": [2]}'
    end = '{"op_code": 6, "worker_id": "f3", "trial_id": 24, "state": 1, "values": [70.34]}'
    goal, trial = read(create, end)
    assert isinstance(goal, GoalSeen)
    assert goal.goal.direction == "maximize"
    assert isinstance(trial, TrialSeen)
    assert (trial.number, trial.state, trial.value) == (24, "complete", 70.34)


# ---------------------------------------------------------------- tqdm and scikit-learn, as installed


@pytest.mark.rule("W2.8")
@pytest.mark.parametrize(
    ("options", "last"),
    [
        ({"total": 5}, ("iteration", 5, 5)),
        ({}, ("iteration", 5, None)),
        ({"total": 5, "desc": "Epoch 2/10", "unit": "batch"}, ("batch", 5, 5)),
        ({"total": 5, "ascii": True, "unit": "file"}, ("file", 5, 5)),
        ({"total": 5, "desc": "trials"}, ("trial", 5, 5)),
        ({"total": 5000, "unit_scale": 1000}, ("iteration", 5000, 5000000)),
    ],
)
def test_a_real_tqdm_bar_ends_at_its_end(
    options: dict[str, object], last: tuple[str, float, float | None]
) -> None:
    stream = io.StringIO()
    with tqdm(file=stream, mininterval=0, **options) as bar:  # type: ignore[call-overload]  # options vary by case
        for step in range(5):
            bar.update(1)
            bar.set_postfix(loss=0.5 / (step + 1))
    shown = segments(stream.getvalue())
    assert counts(*shown)[-1] == last
    assert values(*shown) == {"loss": 0.1}


@pytest.mark.rule("W2.8")
def test_real_scikit_learn_output_is_read(capsys: pytest.CaptureFixture[str]) -> None:
    from sklearn.datasets import load_iris  # here: every worker would import it for this one test
    from sklearn.model_selection import GridSearchCV
    from sklearn.neural_network import MLPClassifier
    from sklearn.svm import SVC

    x, y = load_iris(return_X_y=True)
    GridSearchCV(SVC(), {"C": [1, 10]}, cv=2, verbose=3, return_train_score=True).fit(x, y)
    fits = segments(capsys.readouterr().out)
    assert counts(*fits)[-1] == ("fit", 4, 4)
    assert set(values(*fits)) == {"train score", "test score"}
    MLPClassifier(max_iter=2, verbose=True, random_state=0).fit(x, y)
    shown = segments(capsys.readouterr().out)
    assert counts(*shown)[-1] == ("iteration", 2, None)
    assert values(*shown)["loss"] == pytest.approx(1.15, abs=0.5)


# ---------------------------------------------------------------- hostile lines


@pytest.mark.parametrize(
    "text",
    [
        "1/" * 50_000,
        "a=" * 50_000,
        "epoch " * 30_000 + "3",
        "[" * 100_000 + "1",
        "9" * 100_000,
        "loss: " + "1" * 5_000,
        "0%|" + "█" * 100_000,
        "Trial 1 finished with value: 3 and parameters: {" + "'a': " * 20_000,
        "is is is 1 " * 20_000,
        " " * 100_000 + "1",
        "\u0663\u0664/\u0665 epoch \u0663",
        "1e999 loss: 1e999",
        "nan" * 30_000,
    ],
    ids=range(13),
)
def test_no_line_breaks_or_stops_the_reading(text: str) -> None:
    for fact in read(text, text):
        assert not isinstance(fact, TrialSeen) or fact.number == 1


def test_the_last_word_of_a_study_is_no_trial() -> None:
    """It names the best trial, which ended long ago."""
    said = "Study finished: best log loss 0.0667 in trial 20 with {'hidden': 113, 'batch': 16}"
    found = recognize(Line(1, 0, said))
    assert not any(isinstance(fact, TrialSeen) for fact in found)
    assert any(isinstance(fact, PhaseSeen) for fact in found)


def test_no_gate_holds_a_digit() -> None:
    """Which gates a line opens is remembered by its shape, in which one digit stands for all."""
    assert not [literal for gate in recognizers._gates() for literal in gate if re.search(r"\d", literal)]
