"""Install and uninstall as plans: all is read and decided first; what is to be written comes out.

Rules:
- A file that nobody touched since is put back byte for byte; in one that was, only what is ours is taken out.
- Installing again changes nothing but what became wrong; what a person added to our entry stays.
- A server of the same name that is not ours is refused, never replaced; a text that a person changed is kept, and said.
- What is to be written is read again before it is: an edit that would lose anything is refused.
"""

import os
from types import ModuleType
from typing import Any, NamedTuple

from overnight.agents import jsonc, tomltext
from overnight.agents.base import NAME, Server, Shape, is_ours
from overnight.agents.disk import Change, missing_folders, read
from overnight.agents.jsonscan import Broken
from overnight.agents.receipts import Kept, Receipt, copy, digest, load
from overnight.agents.sites import Site, refuse_links_out
from overnight.agents.words import words
from overnight.errors import OvernightError

_FORMATS: dict[str, ModuleType] = {"json": jsonc, "toml": tomltext}
_LANGUAGES = ("en", "fr")


class Plan(NamedTuple):
    """What is to be written. `copies`: of what was there; `folders`: that go when they are empty; `kept`: files that
    stay as a person changed them."""

    changes: list[Change]
    receipt: Receipt | None
    copies: dict[str, bytes]
    folders: list[str]
    kept: list[str]


class Entry(NamedTuple):
    """Our server as a configuration has it."""

    config: str
    path: tuple[str, ...]
    value: dict[str, Any]


class _Part(NamedTuple):
    """What becomes of one file."""

    change: Change | None
    kept: Kept | None
    copy: bytes | None
    is_kept: bool = False


def install(site: Site, server: Server, lang: str) -> Plan:
    """Put our entry and our text in. Raises Unreadable, OvernightError (`agent_config_broken`, `agent_name_taken`)."""
    refuse_links_out(site)
    receipt = load(site.where)
    config = _put_entry(site, server, receipt) if site.files.configs else _Part(None, None, None)
    text = _put_text(site, lang, receipt)
    parts = [part for part in (config, text) if part.change is not None]
    changes = [part.change for part in parts if part.change is not None]
    copies = {
        part.kept.before: part.copy
        for part in parts
        if part.kept and part.kept.before and part.copy is not None
    }
    made = [folder for change in changes for folder in missing_folders(change.path)]
    folders = sorted({*made, *(receipt.folders if receipt else [])})
    new = Receipt(site.agent.name, site.scope, site.folder, lang, config.kept, text.kept, folders)
    kept = [site.files.text] if text.is_kept else []
    real = [change for change in changes if change.old != change.new]
    return Plan(real, new, {name: data for name, data in copies.items() if name}, [], kept)


def uninstall(site: Site) -> Plan:
    """Take out what is ours. Raises Unreadable, OvernightError (`agent_config_broken`)."""
    receipt = load(site.where)
    parts = [_take_entry(site, receipt), _take_text(site, receipt)]
    changes = [
        part.change for part in parts if part.change is not None and part.change.old != part.change.new
    ]
    kept = [site.files.text] if parts[1].is_kept else []
    return Plan(changes, None, {}, receipt.folders if receipt else [], kept)


def find(site: Site) -> Entry | None:
    """Our server in the tool's configuration, whoever wrote it. Raises OvernightError (`agent_config_broken`)."""
    for config in site.files.configs:
        data = read(config)
        if data is None:
            continue
        whole = _loads(site, config, _text(config, data))
        for shape in site.agent.shapes:
            path = (*shape.path, NAME)
            value = _at(whole, path)
            if is_ours(value):
                return Entry(config, path, value)
    return None


def language(site: Site) -> str | None:
    """The language of our text; None when there is none, or a person changed it."""
    data = read(site.files.text)
    return next((lang for lang in _LANGUAGES if data == _ours(site, lang).encode()), None)


# ---------------------------------------------------------------- the configuration


def _put_entry(site: Site, server: Server, receipt: Receipt | None) -> _Part:
    config = _config(site)
    data = read(config)
    text = "" if data is None else _text(config, data)
    whole = _loads(site, config, text)
    kept = (
        receipt.config if receipt is not None and receipt.config and receipt.config.path == config else None
    )
    shape = _shape(site, whole)
    path = (*shape.path, NAME)
    there = _at(whole, path)
    if there is not None and not is_ours(there):
        raise OvernightError(
            f"{config} has another server called {NAME!r} already: rename it, then install again.",
            code="agent_name_taken",
        )
    base, base_text, made = _before(site, config, data, text, path, kept)
    wanted = shape.entry(server)
    if there is not None and wanted.items() <= there.items():
        new_text, made_now = text, made
    else:
        without = base_text if there is not None else text
        new_text, made_now = _edit(site, config, without, path, {**(there or {}), **wanted})
        made_now = max(made, made_now)
    new = _bytes(new_text)
    name = None if base is None else f"before-{os.path.basename(config)}"
    return _Part(Change(config, data, new), Kept(config, name, digest(new), made=made_now), base)


def _before(
    site: Site, config: str, data: bytes | None, text: str, path: tuple[str, ...], kept: Kept | None
) -> tuple[bytes | None, str, int]:
    """The configuration without us, as bytes to keep and as text; and the objects made around our entry."""
    if kept is not None and data is not None and digest(data) == kept.after:
        before = copy(site.where, kept)
        return before, "" if before is None else _text(config, before), kept.made
    made = kept.made if kept is not None else 0
    without = _taken(site, config, text, path, made)
    return (None if data is None or (not without and made) else _bytes(without)), without, made


def _take_entry(site: Site, receipt: Receipt | None) -> _Part:
    kept = receipt.config if receipt is not None else None
    found = kept.path if kept is not None else None
    if found is None:
        entry = find(site)
        found = entry.config if entry is not None else None
    data = read(found) if found is not None else None
    if found is None or data is None:
        return _Part(None, None, None)
    if kept is not None and digest(data) == kept.after:
        return _Part(Change(found, data, copy(site.where, kept)), None, None)
    text = _text(found, data)
    whole = _loads(site, found, text)
    for shape in site.agent.shapes:
        path = (*shape.path, NAME)
        if is_ours(_at(whole, path)):
            text = _taken(site, found, text, path, kept.made if kept else 0)
    gone = kept is not None and kept.before is None and not text.strip()
    return _Part(Change(found, data, None if gone else _bytes(text)), None, None)


def _config(site: Site) -> str:
    configs = site.files.configs
    return next((path for path in configs if os.path.lexists(path)), configs[0])


def _shape(site: Site, whole: Any) -> Shape:
    shapes = site.agent.shapes
    return next((shape for shape in shapes if isinstance(_at(whole, shape.path), dict)), shapes[-1])


def _edit(
    site: Site, config: str, text: str, path: tuple[str, ...], value: dict[str, Any]
) -> tuple[str, int]:
    format_ = _FORMATS[site.agent.format]
    try:
        edited = format_.put(text, path, value)
        after = format_.loads(edited.text)
        if _at(after, path) != value or format_.loads(
            format_.take(edited.text, path, edited.made)
        ) != format_.loads(text):
            raise Broken(text, 0, "an entry cannot be added without changing others")
    except Broken as error:
        raise _broken(config, error) from error
    except RecursionError as error:
        raise _broken(config, Broken(text, 0, "it is nested too deeply")) from error
    return edited.text, edited.made


def _taken(site: Site, config: str, text: str, path: tuple[str, ...], made: int) -> str:
    try:
        taken: str = _FORMATS[site.agent.format].take(text, path, made)
    except Broken as error:
        raise _broken(config, error) from error
    return taken


def _loads(site: Site, config: str, text: str) -> Any:
    try:
        return _FORMATS[site.agent.format].loads(text)
    except Broken as error:
        raise _broken(config, error) from error


def _broken(config: str, error: Broken) -> OvernightError:
    return OvernightError(
        f"{config} is broken, and was not touched: {error}. Correct it, then try again.",
        code="agent_config_broken",
    )


def _at(whole: Any, path: tuple[str, ...]) -> Any:
    for name in path:
        whole = whole.get(name) if isinstance(whole, dict) else None
    return whole


def _text(path: str, data: bytes) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        text = f"{path} is broken, and was not touched: it is no UTF-8 text at byte {error.start + 1}."
        raise OvernightError(text, code="agent_config_broken") from error


def _bytes(text: str) -> bytes:
    return text.encode("utf-8")


# ---------------------------------------------------------------- the workflow


def _ours(site: Site, lang: str) -> str:
    return site.agent.write(words(lang), site.scope)


def _put_text(site: Site, lang: str, receipt: Receipt | None) -> _Part:
    path, new = site.files.text, _bytes(_ours(site, lang))
    data = read(path)
    kept = receipt.text if receipt is not None and receipt.text and receipt.text.path == path else None
    if data is not None and kept is not None and digest(data) != kept.after and data != new:
        return _Part(Change(path, data, data), kept, copy(site.where, kept), is_kept=True)
    if kept is not None:
        before = copy(site.where, kept)
    else:
        before = None if data is None or language(site) is not None else data
    name = None if before is None else "before-text"
    return _Part(Change(path, data, new), Kept(path, name, digest(new), ours=new.decode()), before)


def _take_text(site: Site, receipt: Receipt | None) -> _Part:
    kept = receipt.text if receipt is not None else None
    path = kept.path if kept is not None else site.files.text
    data = read(path)
    if data is None:
        return _Part(None, None, None)
    if kept is None:
        is_ours_still = language(site) is not None
        return _Part(Change(path, data, None) if is_ours_still else None, None, None)
    if digest(data) == kept.after:
        return _Part(Change(path, data, copy(site.where, kept)), None, None)
    ours = _bytes(kept.ours or "")
    if ours and data.count(ours) == 1:
        rest = data.replace(ours, b"")
        return _Part(Change(path, data, rest if rest.strip() else copy(site.where, kept)), None, None)
    return _Part(None, None, None, is_kept=True)
