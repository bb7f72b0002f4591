"""What the name of a printed value says about it: kind, better direction, split.

Rules:
- Words decide, not whole names: `train/loss_cls`, `Val Acc@1` and `ep_rew_mean` are cut into words first.
- The stricter kind wins: a weight of a loss is a setting, the time of a loss is a timing, and neither is a
  loss.
- A name nobody knows is `other`: it can be shown, but it can never be the best of anything.
"""

import re
from functools import lru_cache
from itertools import pairwise
from typing import Literal

from overnight.core.model import Direction

Kind = Literal["loss", "quality", "setting", "timing", "counter", "other"]
Split = Literal["val", "test", "train", ""]

_TOKENS = re.compile(r"[^\W\d_]+|\d+")
_CAMEL = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[^\W\dA-Z_]+")


def word_set(text: str) -> frozenset[str]:
    """The words of a list that is written as text."""
    return frozenset(text.split())


_SETTINGS = word_set("""
    weight weights coef coeff coefficient coefficients scale scaler smoothing threshold thresholds thresh
    thr margin patience lr learning decay interval freq frequency every warmup momentum gamma beta alpha
    epsilon eps seed seeds clip clipping dropout temperature temp schedule scheduler type function fn target
    port pid rank workers threads gpus devices batchsize hyperparameters parameters params param version num
    n max min limit size sizes dim dims layers layer depth width heads hidden channels kernel stride padding
    nodes leaves bins features columns rows labels classes bytes count counts length len ndim vocab index
    idx id ids wd bs counter countdown tolerance tol delta subsample colsample bagging estimators leaf
    estimator discount factor improvement w state flag enabled errors warnings failures
""")
_TIMINGS = word_set("""
    time times eta elapsed sec secs seconds second ms minutes hours duration remaining fps ips speed
    throughput latency wall walltime runtime mfu hfu tflops flops flos mem memory ram rss cpu gpu tok tokens
    toks samples tps qps dt reader date day days hour took hz mib gib mb gb kb
""")
_COUNTERS = word_set("""
    epoch epochs ep step steps iter iters iteration iterations it batch batches trial trials fold folds
    episode episodes round rounds timestep timesteps task tasks frame frames run runs jobs job generation
    gen
""")
_LOSSES = word_set("""
    loss losses nll bce mse rmse mae mape smape wape mase rmsle msle logloss deviance error err perplexity
    ppl bpb bpc bpd wer cer fid kid kl kld kldiv inertia divergence regret crps brier lpips chamfer eer epe
    rpe mpjpe hausdorff hd trainloss valloss testloss trl tel cost costs objective rmspe crossentropy minade
    minfde ade fde xent
""")
_QUALITIES = word_set("""
    acc accuracy accuracies auc auroc auprc roc ap map maps iou miou biou dice fscore precision recall
    sensitivity specificity bleu sacrebleu rouge meteor cider spice ndcg mrr hits reward rewards rew return
    score scores ssim psnr fitness kappa mcc matthews prec success winrate elo em sharpe sortino mota motp
    idf hota amota spearman pearson corr correlation corrcoef silhouette ari nmi ami likelihood elbo pck spl
    performance asr roi jaccard concordance profit nse kge valacc trainacc testacc
""")
_WITH_DIGIT = word_set("r f top hit hr p")
"""Letters that measure something only together with a number: `r2`, `f1`, `top5`."""
_WHOLE = word_set("map ap em elo ari roc spl")
"""Words that count only where they are printed as one: the `Map` of `ShuffleMapStage` is none."""
_VAL = word_set("val valid validation validating eval evaluation dev vali oof holdout cv vloss tel")
_TEST = word_set("test testing")
_TRAIN = word_set("train training tr learn trl fit")
_KNOWN = _SETTINGS | _TIMINGS | _COUNTERS | _LOSSES | _QUALITIES | _VAL | _TEST | _TRAIN

TRUE_NAMES = {"trl": "train_loss", "tel": "val_loss", "vloss": "val_loss"}
"""Short spellings of records-chasing training scripts, and what they mean."""


@lru_cache(maxsize=4096)
def words(name: str) -> tuple[str, ...]:
    """The lower-case words of a name: letters and digits apart, camel case cut unless it is known whole."""
    found: list[str] = []
    for token in _TOKENS.findall(name):
        if token.lower() in _KNOWN or token.isdigit():
            found.append(token.lower())
        else:
            found += [w.lower() for w in _CAMEL.findall(token) if w.lower() not in _WHOLE or w == token]
    return tuple(found)


@lru_cache(maxsize=4096)
def key(name: str) -> str:
    """One spelling for all spellings of a name: `Val Loss`, `val-loss` and `val/loss` are `val_loss`."""
    plain = re.sub(r"[^a-z0-9@%]+", "_", name.lower()).strip("_")
    return TRUE_NAMES.get(plain, plain)


@lru_cache(maxsize=4096)
def kind(name: str) -> Kind:
    """What a value of this name is, by its words."""
    found = words(name)
    known = set(found)
    if known & _TIMINGS:
        return "timing"
    quality = _is_quality(found)
    if known & _SETTINGS and not (quality and known & _SETTINGS <= {"max", "min"} and known & _RETURNS):
        return "setting"
    if known & _LOSSES or _is_norm_loss(found):
        return "quality" if found[0] == "neg" else "loss"
    if quality:
        return "quality"
    return "counter" if known & _COUNTERS else "other"


_RETURNS = word_set("reward rewards rew return score fitness accuracy acc")


def _is_quality(found: tuple[str, ...]) -> bool:
    return (
        bool(set(found) & _QUALITIES)
        or any(a in _WITH_DIGIT and b.isdigit() for a, b in pairwise(found))
        or ("win" in found and "rate" in found)
    )


def _is_norm_loss(found: tuple[str, ...]) -> bool:
    """`valid_1 l2`, `l1`: a norm as the last word, of some data or alone."""
    return found[-2:] in (("l", "1"), ("l", "2")) and (
        len(found) == 2 or bool(set(found) & (_VAL | _TEST | _TRAIN))
    )


@lru_cache(maxsize=4096)
def measured(name: str) -> frozenset[str]:
    """The words of a name that say what is measured."""
    return frozenset(words(name)) & (_LOSSES | _QUALITIES)


@lru_cache(maxsize=4096)
def direction(name: str) -> Direction | None:
    """Which way is better; None when the name does not say."""
    found = kind(name)
    if found == "loss":
        return "minimize"
    return "maximize" if found == "quality" else None


@lru_cache(maxsize=4096)
def split(name: str) -> Split:
    """The part of the data that a value was measured on, as far as its name says."""
    known = set(words(name))
    if known & _VAL:
        return "val"
    if known & _TEST:
        return "test"
    return "train" if known & _TRAIN else ""


@lru_cache(maxsize=4096)
def announced(name: str) -> str | None:
    """What a `best ...` name is the best of (`best val acc` is of `val acc`); None for other names.

    Settings of the best (`best lr`, `best epoch`) are nothing that was achieved.
    """
    found = words(name)
    if "best" not in found:
        return None
    rest = re.sub(
        r"(?i)\b(the|new|current|so far|best|overall|global)\b|(?<![A-Za-z])best(?=_)|^best", " ", name
    )
    rest = re.sub(r"^[\s_\-/:]+|[\s_\-/:]+$", "", re.sub(r"\s{2,}", " ", rest))
    if not rest:
        return "value"
    plain = words(rest)
    if plain and plain[-1] in ("value", "result", "metric") and kind(rest) in ("other", "loss", "quality"):
        return rest
    return rest if kind(rest) in ("loss", "quality") else None


_SUPPORTING = word_set("precision recall prec sensitivity specificity top success hits p")


@lru_cache(maxsize=4096)
def is_supporting(name: str) -> bool:
    """Whether the value usually explains another one (precision and recall, beside F1)."""
    return bool(set(words(name)) & _SUPPORTING)


PRIMARY_LOSSES = word_set("""
    loss train_loss training_loss total_loss loss_total trainloss avg_loss average_loss mean_loss lm_loss
    train_loss_step train_total_loss running_loss train_loss_epoch loss_train objective nll_loss step_loss
    batch_loss main_loss overall_loss
""")
"""Losses that drive the parameters: once one of them stays non-finite, no later step can heal the run."""


def is_primary_loss(name: str) -> bool:
    """Whether the value is what the optimiser minimises, as far as a name can tell."""
    return key(name) in PRIMARY_LOSSES
