"""Settings that last: the user's file, a project's pyproject.toml and the environment, each over the one before."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wasmnb.errors import ConfigError, UsageError, did_you_mean
from wasmnb.paths import config_file, write_atomically
from wasmnb.session.defaults import KEYS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

__all__ = ["FIRST", "Setting", "lasting", "save"]

FIRST = "built in"
"""Where a value comes from that nobody has set."""

_CORRECT = "correct it, or move it away"
_PROJECT = "pyproject.toml"
_TABLE = "tool.wasmnb"
# Whom to believe is for the user to say, not for a folder that came from somewhere.
_USERS_OWN = ("ca", "insecure", "plain_http")


@dataclass(frozen=True)
class Setting:
    """A value, and where it comes from.

    Parameters
    ----------
    value : object
    source : str
        A path, a variable of the environment, or `FIRST`.
    """

    value: Any
    source: str


def lasting(folder: Path | None = None) -> dict[str, Setting]:
    """Read every setting; a later place counts over an earlier one.

    Parameters
    ----------
    folder : pathlib.Path, optional
        Where the project begins to be looked for, upwards; the present one.

    Raises
    ------
    ConfigError
        A file is no TOML, has a key that there is not, or a value that is none.
    """
    found = {key: Setting(default.start, FIRST) for key, default in KEYS.items()}
    for source, given in _places(folder or Path.cwd()):
        for name, value in given.items():
            key = name.replace("-", "_")
            found[key] = Setting(_read(source, name, key, value), source)
    return found


def save(changed: Mapping[str, Any]) -> Path:
    """Write settings into the user's file; what stands there besides stays as it is, and None takes a key away.

    Raises
    ------
    ConfigError
        The file is no TOML, or cannot be written.
    """
    import tomlkit  # noqa: PLC0415 - for those who save
    from tomlkit.exceptions import TOMLKitError  # noqa: PLC0415

    path = config_file()
    try:
        document = tomlkit.parse(path.read_text("utf-8")) if path.exists() else tomlkit.document()
        for key, value in changed.items():
            for name in (key, key.replace("_", "-")):
                document.pop(name, None)
            if value is not None:
                document[key] = value
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_atomically(path, tomlkit.dumps(document).encode())
    except TOMLKitError as error:
        raise ConfigError(f"{path} cannot be changed: {error}.", hint=_CORRECT) from None
    except OSError as error:
        hint = "name a folder that you may write to in the environment variable WASMNB_CONFIG_DIR"
        raise ConfigError(f"{path} cannot be changed: {error.strerror or error}.", hint=hint) from None
    return path


def _places(folder: Path) -> Iterator[tuple[str, Mapping[str, Any]]]:
    user = config_file()
    yield str(user), _toml(user)
    project = next((one / _PROJECT for one in (folder, *folder.parents) if (one / _PROJECT).is_file()), None)
    if project is not None:
        table = _toml(project).get("tool", {}).get("wasmnb", {})
        own = next((name for name in table if name.replace("-", "_") in _USERS_OWN), None)
        if own is not None:
            raise ConfigError(
                f"{project}: {own} is not taken from a project.",
                hint=f"its user decides which certificates to trust: in {user}, or in the environment",
            )
        yield f"{project} [{_TABLE}]", table
    for key in KEYS:
        name = f"WASMNB_{key.upper()}"
        if os.environ.get(name):
            yield f"${name}", {key: os.environ[name]}


def _toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} is no TOML: {error}.", hint=_CORRECT) from None
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}.") from None


def _read(source: str, name: str, key: str, value: Any) -> Any:
    if key not in KEYS:
        raise ConfigError(
            f"{source}: there is no setting called {name!r}.",
            why=[f"available: {', '.join(KEYS)}"],
            hint=did_you_mean(key, KEYS) or "take it out",
        )
    try:
        return KEYS[key].read(value)
    except (UsageError, ConfigError) as error:
        raise ConfigError(f"{source}: {error.what}", why=error.why, hint=error.hint_value) from None
