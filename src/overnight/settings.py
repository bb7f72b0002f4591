"""What the user set once for all runs: a TOML file, checked when it is read.

Rules:
- The file is `$OVERNIGHT_CONFIG`, else `config.toml` in the user's configuration folder (XDG); or defaults.
- A mistake names the file, the setting and what would be right; nothing is guessed, nothing is passed over.
- `set` and `unset` keep the user's comments and layout, and write nothing that could not be read again.
- Keys are dotted: `lang`, `policy.stall`, `policy.signatures.gpu.oom`.
- The file may hold passwords (channel addresses), so it is written with mode 0600.
"""

import difflib
import math
import os
import tomllib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, get_args, get_origin, get_type_hints

import msgspec

from overnight.core import cadence, guard, hooks
from overnight.core.model import HookOf, Policy, Struct
from overnight.errors import HomeUnusable, OvernightError, Unreadable, UsageError
from overnight.store import files
from overnight.store.home import make_folders

if TYPE_CHECKING:
    from tomlkit import TOMLDocument

Language = Literal["en", "fr"]
LANGUAGES: tuple[Language, ...] = ("en", "fr")
_LOCALE_VARIABLES = ("LC_ALL", "LC_MESSAGES", "LANG")
_SIGNATURES = "signatures"
_TABLES = ("policy", "agents")
_LISTS = ("notify", "schedule", "policy.grace_s", "policy.agent_may", "agents.commands", "agents.folders")
_MOST_BYTES = 1 << 20


def language_of_locale() -> Language:
    """The language the environment asks for, if it is one we have; else English."""
    wanted = next((os.environ[name] for name in _LOCALE_VARIABLES if os.environ.get(name)), "")
    return next((lang for lang in LANGUAGES if wanted.lower().startswith(lang)), "en")


class Agents(Struct, frozen=True, forbid_unknown_fields=True):
    """What AI agents may start: `commands`, patterns of words (`python *`, see `core.guard`), and `folders` with all
    that is in them. Empty: anything, anywhere. `keep_to_starter`: a run that an agent starts is for that agent and
    people alone to act on."""

    commands: list[str] = []
    folders: list[str] = []
    keep_to_starter: bool = False


class Settings(Struct, frozen=True, forbid_unknown_fields=True):
    """Every setting with its default.

    `lang`: the language of notifications and reports. `notify`: where to tell: Apprise URLs, `desktop`, or
    `file:PATH`; when empty, the desktop if there is one and `notifications.log` in the home.
    `schedule`: seconds after the start of the early check-ins, then the period. `policy`: what the watch may
    do by itself. `agents`: what agents may start. `early_wait_s`: how long `run` waits before it hands back an id.
    `results`: a file of the user's whose block about a run is updated. `on_attention`, `on_end`: commands to be run for
    each question and end; `hook_s`: how long one may take. `linger_s`: how long the watchman stays after the last run.
    """

    lang: Language = msgspec.field(default_factory=language_of_locale)
    notify: list[str] = msgspec.field(default_factory=list)
    schedule: tuple[float, ...] = cadence.DEFAULT
    policy: Policy = Policy()
    agents: Agents = Agents()
    early_wait_s: float = 10.0
    results: str | None = None
    on_attention: str | None = None
    on_end: str | None = None
    hook_s: float = 600.0
    linger_s: float = 600.0


class Entry(NamedTuple):
    """One setting: its dotted key, its value in force, its default, and whether the file sets it."""

    key: str
    value: Any
    default: Any
    is_set: bool


def path() -> str:
    """Where the settings are, whether or not the file exists."""
    wanted = os.environ.get("OVERNIGHT_CONFIG")
    if wanted:
        return os.path.abspath(os.path.expanduser(wanted))
    folder = os.environ.get("XDG_CONFIG_HOME", "")
    if not os.path.isabs(folder):  # the XDG specification: a relative path is to be ignored
        folder = os.path.expanduser("~/.config")
    return os.path.join(folder, "overnight", "config.toml")


def load() -> Settings:
    """The settings in force. Raises Unreadable: no TOML, an unknown key, a value that cannot be."""
    return _load(_text())


def get(key: str) -> Any:
    """The value in force of one setting. Raises UsageError (unknown key), Unreadable."""
    settings = load()
    _check_key(key)
    if key.startswith("agents."):
        return msgspec.to_builtins(getattr(settings.agents, key.removeprefix("agents.")))
    name, _, rest = key.removeprefix("policy.").partition(".")
    if not key.startswith("policy."):
        return msgspec.to_builtins(getattr(settings, name))
    value = msgspec.to_builtins(getattr(settings.policy, name))
    return value.get(rest) if rest else value


def set(key: str, text: str) -> Any:  # noqa: A001  # it reads `settings.set(...)`
    """Set one setting from what was typed, and return the value now in force.

    `text` is a TOML value (`10`, `true`, `["a", "b"]`); anything else is taken as text, or where a list is
    meant as its words (between spaces or commas). Raises UsageError (unknown key, bad value), Unreadable,
    HomeUnusable.
    """
    _check_key(key)
    document = _document()
    table, last = _place(document, key, create=True)
    table[last] = _typed(key, text)
    _save(document, f"{text!r} is no value for {key!r}")
    return get(key)


def unset(key: str) -> bool:
    """Go back to the default. False when it was not set. Raises UsageError, Unreadable, HomeUnusable."""
    _check_key(key)
    document = _document()
    table, last = _place(document, key, create=False)
    if last not in table:
        return False
    del table[last]
    _save(document, f"{key!r} cannot be unset")
    return True


def entries() -> list[Entry]:
    """Every setting, in the order of the classes. Raises Unreadable."""
    text = _text()
    given = _flat(_parse(text))
    values, defaults = dict(_flat_struct(_load(text))), dict(_flat_struct(Settings()))
    return [Entry(key, value, defaults.get(key), key in given) for key, value in values.items()]


# ---------------------------------------------------------------- reading


def _text() -> str:
    try:
        place = os.path.realpath(path())  # people link their dotfiles, or name the empty device
        return "" if place == os.devnull else files.read(place, _MOST_BYTES).decode("utf-8")
    except FileNotFoundError:
        return ""
    except UnicodeDecodeError as error:
        raise Unreadable(f"{path()} is no UTF-8 text ({error.reason} at byte {error.start}).") from error
    except OSError as error:
        raise Unreadable(f"{path()} cannot be read: {error.strerror}.") from error


def _parse(text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except RecursionError as error:
        raise Unreadable(
            f"{path()} is not valid TOML: it is nested too deeply.", code="bad_settings"
        ) from error
    except ValueError as error:  # no TOML, or a number without end
        raise Unreadable(f"{path()} is not valid TOML: {error}.", code="bad_settings") from error


def _load(text: str) -> Settings:
    try:
        return _checked(_parse(text))
    except ValueError as error:
        raise Unreadable(f"{path()}: {error}.", code="bad_settings") from error


def _checked(fields: dict[str, Any]) -> Settings:
    """The settings; a ValueError with one clause names what is wrong."""
    _refuse_unknown(fields)
    try:
        settings = msgspec.convert(fields, Settings)
    except msgspec.ValidationError as error:
        raise ValueError(_clause(str(error))) from error
    cadence.check(settings.schedule)
    commands: dict[HookOf, str | None] = {"attention": settings.on_attention, "end": settings.on_end}
    hooks.check({of: command for of, command in commands.items() if command is not None})
    for pattern in settings.agents.commands:
        _check_pattern(pattern)
    for key, value in _flat_struct(settings):
        if not all(0 <= number < math.inf for number in _numbers(value)):
            raise ValueError(f"{key!r}: expected a number of 0 or more, got {value}")
    return settings


def _check_pattern(pattern: str) -> None:
    try:
        guard.check_pattern(pattern)
    except ValueError as error:
        raise ValueError(f"'agents.commands': {pattern!r} is no pattern of words ({error})") from error


def _numbers(value: Any) -> list[float]:
    values = value if isinstance(value, list | tuple) else [value]
    return [number for number in values if isinstance(number, int | float)]


def _refuse_unknown(fields: dict[str, Any]) -> None:
    for table in _TABLES:
        if not isinstance(fields.get(table, {}), dict):
            raise ValueError(f"{table!r} is a table: write its settings below a line [{table}]")
    for key in _flat(fields):
        if not _is_known(key):
            raise ValueError(f"there is no setting {key!r}{_hint(key)}")


def _clause(message: str) -> str:
    """msgspec's message with the place first: `'policy.stall': Invalid enum value 'x'`."""
    what, _, where = message.partition(" - at `$.")
    what = "expected a number of 0 or more" if "` >= " in what or "` <= " in what else what
    key = where.rstrip("`").removesuffix("[...]")
    allowed = _allowed(key)
    return f"{key!r}: {what[:1].lower()}{what[1:]}" + (f" (it may be {allowed})" if allowed else "")


def _allowed(key: str) -> str:
    if key.startswith("agents."):
        return ""
    struct: type[Struct] = Policy if key.startswith("policy.") else Settings
    hints = get_type_hints(struct)
    kind = hints.get(key.removeprefix("policy."))
    if get_origin(kind) is dict:
        kind = get_args(kind)[1]
    values = [value for value in get_args(kind) if isinstance(value, str)]
    return " or ".join(repr(value) for value in values)


# ---------------------------------------------------------------- keys


def _known_keys() -> list[str]:
    policy = [f"policy.{name}" for name in Policy.__struct_fields__]
    agents = [f"agents.{name}" for name in Agents.__struct_fields__]
    return [name for name in Settings.__struct_fields__ if name not in _TABLES] + policy + agents


def _is_known(key: str) -> bool:
    return key in _known_keys() or key.startswith(f"policy.{_SIGNATURES}.")


def _check_key(key: str) -> None:
    if not _is_known(key):
        raise UsageError(f"There is no setting {key!r}{_hint(key)}; `overnight config list` shows them all.")


def _hint(key: str) -> str:
    close = difflib.get_close_matches(key, _known_keys(), 1)
    return f" (did you mean {close[0]!r}?)" if close else ""


def _flat(fields: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in fields.items():
        if isinstance(value, dict) and prefix + name in (*_TABLES, f"policy.{_SIGNATURES}"):
            flat |= _flat(value, f"{prefix}{name}.")
        else:
            flat[prefix + name] = value
    return flat


def _flat_struct(settings: Settings) -> Iterator[tuple[str, Any]]:
    plain = msgspec.to_builtins(settings)
    policy, agents = plain.pop("policy"), plain.pop("agents")
    yield from plain.items()
    own = policy.pop(_SIGNATURES)
    yield from ((f"policy.{name}", value) for name, value in policy.items())
    yield from ((f"policy.{_SIGNATURES}.{name}", value) for name, value in own.items())
    yield from ((f"agents.{name}", value) for name, value in agents.items())


# ---------------------------------------------------------------- writing


def _document() -> "TOMLDocument":
    import tomlkit  # only a change needs it, and every start reads the settings

    text = _text()
    _load(text)  # what is broken now is said as such, and not blamed on the change
    return tomlkit.parse(text)


def _place(document: "TOMLDocument", key: str, *, create: bool) -> tuple[Any, str]:
    """The table that holds the key, and the key's last part; an empty table when there is none."""
    table: Any = document
    for name in (f"policy.{_SIGNATURES}.", "policy.", "agents."):
        if key.startswith(name):
            for part in name.rstrip(".").split("."):
                table = table.setdefault(part, {}) if create else table.get(part, {})
            return table, key.removeprefix(name)
    return table, key


def _typed(key: str, text: str) -> Any:
    try:
        value: Any = tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        value = text
    if key in _LISTS and not isinstance(value, list):
        return _words(key, value) if isinstance(value, str) else [value]
    return value


def _words(key: str, text: str) -> list[Any]:
    if key.startswith("agents."):  # a pattern has spaces, and so may a folder
        return [text] if text else []
    if key in ("notify", "policy.agent_may"):
        return text.replace(",", " ").split() if key != "notify" else text.split()
    return [_number(word) for word in text.replace(",", " ").split()]


def _number(word: str) -> float | str:
    try:
        return float(word)
    except ValueError:
        return word  # the check says what is wrong with it


def _save(document: "TOMLDocument", refusal: str) -> None:
    try:
        text = document.as_string()
        text.encode()  # what was typed may be no UTF-8
        _checked(tomllib.loads(text))
    except ValueError as error:
        raise UsageError(f"{refusal}: {error}.", code="bad_settings") from error
    try:
        _write(path(), text)
    except OSError as error:
        raise _unwritable(error) from error


def _unwritable(error: OSError) -> OvernightError:
    return HomeUnusable(f"{path()!r} cannot be written: {error.strerror}.", code="settings_unwritable")


def _write(target: str, text: str) -> None:
    target = os.path.realpath(target)  # people link their dotfiles: the link stays
    make_folders(os.path.dirname(target))
    temporary = f"{target}.{os.getpid()}"
    fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(fd, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, target)
    except OSError:
        os.unlink(temporary)
        raise
