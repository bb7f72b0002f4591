"""The workflow as a tool's model reads it: one text per language, in `workflow/`, and what it is for.

Rules: each text is within 600 tokens with whatever a tool wants above it, and needs no other knowledge.
"""

from importlib.resources import files

from overnight.agents.base import Words

_ABOUT = {
    "en": "Start and watch commands that take long (training, sweep, simulation, overnight run)",
    "fr": "Lancer et surveiller une commande longue (entraînement, optimisation, simulation, nuit)",
}


def words(lang: str) -> Words:
    """The workflow in `lang`, `en` or `fr`."""
    return Words(_ABOUT[lang], files(__package__).joinpath("workflow", f"{lang}.md").read_text("utf-8"))
