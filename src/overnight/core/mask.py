"""What must not leave the machine, and what must not reach a screen.

Rules:
- A secret becomes `***`; what names it stays, so that the text still says what it was about.
- Known shapes of keys are masked anywhere; unknown ones where a name, a header or a URL says they are secret.
- The words of the trade stay readable: `tokens=4096`, `pad_token=<pad>`, `Unexpected token: }`, `PWD=/data`
  hold no secret. In doubt about a password it is masked, in doubt about a token it must look random.
- Masking comes before cutting, so that no half of a secret is left. Every pattern is linear in the text.
"""

import re
from collections.abc import Sequence

HIDDEN = "***"
_BOUND = 65_536

_SHAPES = re.compile(
    r"""
      \bsk-[A-Za-z0-9_-]{16,}                              # OpenAI, Anthropic and those that copied them
    | \b(?:sk|rk|pk)_(?:live|test)_[A-Za-z0-9]{10,}        # Stripe
    | \bgh[opusr]_[A-Za-z0-9]{20,} | \bgithub_pat_\w{20,}  # GitHub
    | \bglpat-[\w-]{16,}                                   # GitLab
    | \bhf_[A-Za-z0-9]{20,}                                # Hugging Face
    | \bxox[abeoprs]-[\w-]{10,} | \bxapp-[\w-]{10,}        # Slack
    | \b(?:AKIA|ASIA)[0-9A-Z]{16}\b                        # AWS
    | \bAIza[\w-]{30,} | \bya29\.[\w-]{20,} | \bGOCSPX-[\w-]{20,}  # Google
    | \bnpm_[A-Za-z0-9]{30,} | \bpypi-[\w-]{30,} | \bdop_v1_[0-9a-f]{30,}
    | \bwandb_v1_\w{20,} | \br8_[A-Za-z0-9]{30,}
    | \b\d{8,12}:AA[\w-]{30,}                              # a Telegram bot
    | \beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*                    # a JSON web token
    """,
    re.VERBOSE,
)
_PRIVATE_KEY = re.compile(
    r"(-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----).*?(?:(-----END [A-Z ]{0,40}PRIVATE KEY-----)|\Z)", re.DOTALL
)
_WEBHOOK = re.compile(
    r"(hooks\.slack\.com/(?:services|workflows|triggers)/|/api/webhooks/|\.webhook\.office\.com/|/bot(?=\d{6}))"
    r"[^\s\"'<>]+"
)
_USERINFO = re.compile(r"\b([A-Za-z][A-Za-z0-9+.-]{1,20}://)([^\s/@:\"'<>]{0,200})(:[^\s@/\"'<>]{0,500})?@")
_BEARER = re.compile(r"(?i)\b(bearer|basic|digest)(\s+)([A-Za-z0-9+/=._~-]{12,})")
_NAME = r"(?:api|access|secret|private|account|encryption|auth|signing)[_ -]?key|secret|token|signature"
_PASSWORD = r"password|passwd|passphrase|(?<=[_-])pass|pwd"
_GIVEN = re.compile(
    rf"""(?ix)
    (?P<name> (?P<password> {_PASSWORD} ) | {_NAME} )
    (?P<sep> (?:\\?["'])? [ \t]{{0,3}} [=:] [ \t]{{0,3}} )
    (?P<value> (?P<quote> \\?["'] ) [^"'\\\r\n]{{1,500}} | [^\s,;&"'\\<>()\[\]{{}}]{{1,500}} )
    """
)
_NOTHING = frozenset({"none", "null", "true", "false", "nan", "yes", "no", HIDDEN})
_FLAG = re.compile(rf"(?i)--?[\w-]{{0,60}}?(?:(?P<password>{_PASSWORD})|{_NAME})")
_NUMBER = re.compile(r"[+-]?[\d.]{1,9}(?:e[+-]?\d+)?[kKMG]?")

_ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)?|[ -/]*[0-Z\\^_`-~])")
_UNSEEN = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x9f\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ud800-\udfff]"
)
_SPACES = re.compile("[\t\n\x0b\x0c\r\u2028\u2029]+")


def mask(text: str) -> str:
    """`text` with every secret that can be recognised replaced by `***`."""
    text = _PRIVATE_KEY.sub(rf"\1{HIDDEN}\2", text)
    text = _USERINFO.sub(_without_credentials, text)
    text = _WEBHOOK.sub(rf"\1{HIDDEN}", text)
    text = _BEARER.sub(rf"\1\2{HIDDEN}", text)
    text = _GIVEN.sub(_without_value, text)
    return _SHAPES.sub(HIDDEN, text)


def mask_words(argv: Sequence[str]) -> list[str]:
    """A command's words without secrets: also the word that follows a flag such as `--password`."""
    flags = [None, *(_FLAG.fullmatch(word) for word in argv)]
    return [
        HIDDEN if flag and _is_flag_value(word, flag) else mask(word)
        for flag, word in zip(flags, argv, strict=False)
    ]


def harmless(text: str, limit: int) -> str:
    """One line: no escape sequence, no control character, no direction override, no secret, at most `limit`
    characters (a longer one ends in `…`)."""
    bounded = _ANSI.sub("", text[:_BOUND])
    line = mask(_UNSEEN.sub("", _SPACES.sub(" ", bounded))).strip()
    return line if len(line) <= limit else line[: max(0, limit - 1)].rstrip() + "…"


def _is_flag_value(word: str, flag: re.Match[str]) -> bool:
    return word[:1] != "-" and (flag["password"] is not None or not _NUMBER.fullmatch(word))


def _without_credentials(found: re.Match[str]) -> str:
    scheme, user, password = found.groups()
    if password is not None:
        return f"{scheme}{user}:{HIDDEN}@"
    # A lone user is a name for ssh or a database, and usually a token for a web address.
    return f"{scheme}{HIDDEN}@" if scheme.lower().startswith("http") else found[0]


def _without_value(found: re.Match[str]) -> str:
    quote = found["quote"] or ""
    value = found["value"][len(quote) :]
    if not _is_secret(value, found["sep"], password=found["password"] is not None, quoted=bool(quote)):
        return found[0]
    return f"{found['name']}{found['sep']}{quote}{HIDDEN}"


def _is_secret(value: str, sep: str, *, password: bool, quoted: bool) -> bool:
    if value.lower() in _NOTHING or value[0] in "<[({$/":
        return False
    if password:
        return True
    if _NUMBER.fullmatch(value):
        return False
    if quoted or "=" in sep:
        return len(value) >= 6
    return len(value) >= 16 and any(char.isdigit() for char in value)
