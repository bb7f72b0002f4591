"""`--policy FILE`: a TOML file with the fields of `core.model.Policy`, checked before anything is started."""

import tomllib
from typing import Any

import msgspec

from overnight.core.model import Policy
from overnight.errors import UsageError


def read_policy(path: str) -> dict[str, Any]:
    """The fields the file sets. `UsageError` names the file and what is off."""
    try:
        with open(path, "rb") as file:
            fields = tomllib.load(file)
        msgspec.convert(fields, Policy)
    except OSError as error:
        raise UsageError(f"The policy file {path!r} cannot be read: {error.strerror}.") from None
    except msgspec.ValidationError as error:
        known = ", ".join(Policy.__struct_fields__)
        raise UsageError(f"The policy file {path!r} is off: {error}. Known fields: {known}.") from None
    except RecursionError:
        raise UsageError(f"The policy file {path!r} is not TOML: it is nested too deeply.") from None
    except ValueError as error:  # no TOML, no UTF-8, or a number without end
        raise UsageError(f"The policy file {path!r} is not TOML: {error}.") from None
    return fields
