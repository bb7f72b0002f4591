"""Nights of trainings, in the words of tqdm, Keras 3, the Trainer of Hugging Face and plain scripts."""

import random
from collections.abc import Iterator

from night_words import GIB, Row, bar, clock, span, usage

INTERRUPTED = {"after_s": 2.0, "signal": 2, "log": "^C\nKeyboardInterrupt\n"}


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
