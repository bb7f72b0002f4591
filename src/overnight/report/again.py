"""What it takes to do it again, and where things are."""

import shlex
from gettext import NullTranslations

from overnight.core.humane import size
from overnight.core.mask import mask_words
from overnight.report.document import Fact
from overnight.report.safe import clean
from overnight.report.view import View

_COMMAND = 2000


def command(view: View) -> str:
    """The command as one would type it, secrets masked."""
    return clean(shlex.join(mask_words(view.argv)), _COMMAND)


def again(view: View, words: NullTranslations) -> tuple[Fact, ...]:
    """Command, folder, code, host and files; unknown ones are left out."""
    _ = words.gettext
    made = view.provenance
    facts = [
        Fact(_("start again"), f"overnight relaunch {view.run}" if view.startable else "", True),
        Fact(_("command"), command(view), True),
        Fact(_("folder"), clean(view.cwd), True),
        Fact(_("environment"), _environment(view), True),
        Fact(_("git commit"), _commit(view, words), False),
        Fact(_("program"), clean(made.program), True),
        Fact(_("host"), clean(", ".join(part for part in (made.host, made.system) if part)), False),
        Fact(_("watched with"), clean(made.python), False),
        Fact(_("replaces run"), _replaced(view), False),
        Fact(_("study"), clean(view.study.storage), True),
        Fact(_("log"), _log(view, words), True),
    ]
    facts += [Fact(_("file written"), _artifact(*artifact), True) for artifact in made.artifacts]
    return tuple(fact for fact in facts if fact.value)


def _log(view: View, words: NullTranslations) -> str:
    path = clean(view.log)
    return words.gettext("{path} (gone)").format(path=path) if view.log_gone else path


def _environment(view: View) -> str:
    return clean(" ".join(f"{key}={shlex.quote(value)}" for key, value in view.env.items()), _COMMAND)


def _commit(view: View, words: NullTranslations) -> str:
    made = view.provenance
    if not made.commit or made.changes is None:
        return made.commit
    if made.changes == 0:
        return f"{made.commit} " + words.gettext("(nothing uncommitted)")
    changed = words.ngettext("({n} file changed since)", "({n} files changed since)", made.changes)
    return f"{made.commit} " + changed.format(n=made.changes)


def _replaced(view: View) -> str:
    if not view.replaces:
        return ""
    changed = ", ".join(clean(c, 80) for c in view.changed)
    return f"{view.replaces}: {changed}" if changed else view.replaces


def _artifact(name: str, count: int, digest: str) -> str:
    return clean(name, 120) + f" ({size(count)}{', sha256 ' + digest + '…' if digest else ''})"
