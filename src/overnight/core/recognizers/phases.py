"""What the run says it is doing: that it is done, that it has saved a checkpoint.

Rules:
- `done` is said of the whole: the training, the study, the job. What is said of one epoch or one trial is
  followed by more progress, and whoever reads facts in order sees that.
- A sentence about what will be, was not, or failed says nothing is done.
"""

import re

from overnight.core.lines import Line
from overnight.core.model import Fact, PhaseSeen
from overnight.core.names import word_set

GATE = (
    *word_set("complet finish done end exit best runtime overhead stopped saved saving success 完 early"),
    "wall time",
)

_SUBJECT = (
    r"training|train|optimi[sz]ation|tuning|search|experiments?|study|sweep|simulation|job|pipeline|hpo|benchmark"
    r"|all (?:trials|epochs|experiments|runs|jobs|folds|tasks|steps)|everything|entra[iî]nement|entrenamiento"
)
_OVER = r"completed?|finished|done|over|completado|termin[ée]e?|ended"
_DONE = re.compile(
    rf"\b(?:{_SUBJECT})\b[^.,:;\d]{{0,30}}\b(?:{_OVER})\b(?! at epoch)"
    r"|^\W*(?:(?:all )?done|finished|completed?|完了|完成|fini)\W*$"
    r"|\bjob done\b|\bfinished mdrun\b|\bprogram ended at\b|^total wall time:|\bfinali[sz]ing parallel run\b"
    r"|\bepochs completed in\b|'train_runtime'|\bexits successfully\b|\bcompleted successfully\b"
    r"|\bcomplete log(?:\(s\))?:|\bexit[_ ]code\s?[=:]\s?0\b|\bmuxing overhead\b|\bstopped sparkcontext\b"
    r"|^end[_ ]time\b|\bbest (?:hyper-?)?param(?:eter)?s\b|\bbest trial:\s*$|\bdone at \w{3} "
    r"|训练(?:已)?完成|\bearly[- ]?stopp(?:ing|ed) (?:triggered|at|after)\b|\bstopp(?:ing|ed) early\b"
    r"|\bbest performing model\b|\boverall training speed: |\btotal training time: "
)
_END = "End"
"""What OpenFOAM ends with; in lower case it is a word of shells."""
_DENIED = re.compile(
    r"\b(?:not|never|fail\w*|errors?|interrupt\w*|will|when|until|before|once|if|aborted|cancel\w*|killed|unless)\b"
)
_CHECKPOINT = re.compile(
    r"\bsav(?:ed|ing) (?:\w+ ){0,3}(?:checkpoint|model|weights|state)\b"
    r"|\b(?:checkpoint|model|weights) (?:\w+ ){0,2}saved\b"
)

_SAVED_FILE = re.compile(r"\bsav(?:ed|ing)\b.{0,60}(?:checkpoint|ckpt|\.pth?\b|\.safetensors\b)")


def phases(lower: str, line: Line) -> list[Fact]:
    """What a line, here in lower case, says of the run as a whole."""
    if not any(map(lower.__contains__, GATE)):
        return []
    if _CHECKPOINT.search(lower):
        return [PhaseSeen(phase="checkpoint", line=line.number)]
    if (_DONE.search(lower) and not _denied(lower)) or line.text.strip() == _END:
        return [PhaseSeen(phase="done", line=line.number)]
    return []


def is_checkpoint(text: str) -> bool:
    """Whether the line says that a checkpoint was saved."""
    lower = text.lower()
    return _CHECKPOINT.search(lower) is not None or _SAVED_FILE.search(lower) is not None


def _denied(lower: str) -> bool:
    return _DENIED.search(lower.replace("without any errors", "")) is not None
