"""What ``%wasm_config`` sets once, so that the cells after it are the same on every mesh."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wasmnb.compile.languages import LANGUAGES
from wasmnb.errors import ConfigError, Place, UsageError, did_you_mean
from wasmnb.mesh.kinds import MESHES
from wasmnb.plugin.enums import FailPolicy, Phase, words
from wasmnb.plugin.selector import selector, selector_text
from wasmnb.registered import Group
from wasmnb.wording import Verb, Wording

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from wasmnb.wording import Text

__all__ = ["KEYS", "Default", "choice", "number", "read"]


@dataclass(frozen=True)
class Default:
    """One session default.

    Parameters
    ----------
    read : callable
        Makes the value from what the user wrote.
    help : str or Wording
        What it decides.
    start : object
        The value of a fresh session.
    words : tuple of str or Group
        The words it takes, or where they are registered; empty when it takes any.
    """

    read: Callable[[Any], Any]
    help: Text
    start: Any = None
    words: tuple[str, ...] | Group[Any] = ()

    @property
    def choices(self) -> tuple[str, ...]:
        """The words it takes; empty when it takes any."""
        return self.words.names() if isinstance(self.words, Group) else self.words


def choice(what: str, value: object, words: Iterable[str]) -> str:
    """Give the word when it is one of those there are, compared without case.

    Raises
    ------
    UsageError
        It is none of them.
    """
    words = tuple(words)
    text = str(getattr(value, "value", value))
    for word in words:
        if word.lower() == text.lower():
            return word
    raise UsageError(
        f"{what} cannot be {text!r}.",
        why=[f"it is one of: {', '.join(words)}"],
        hint=did_you_mean(text, words) or f"for instance {words[0]!r}",
    )


def number(what: str, value: object) -> float:
    """Give a number of seconds above zero.

    Raises
    ------
    UsageError
    """
    try:
        seconds = float(str(value))
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < float("inf"):
        raise UsageError(f"{what} is a number of seconds above 0, not {str(value)!r}.", hint=f"for instance {what} 10")
    return seconds


def _registry(value: object) -> str:
    text = str(value).rstrip("/")
    if "@" in text or "://" in text or not text or any(letter.isspace() for letter in text):
        raise ConfigError(
            "The registry is a host and a path, without a scheme and without credentials.",
            where=Place("registry"),
            hint="for instance registry=localhost:5000/me; credentials come from a log-in",
        )
    return text


def _switch(key: str) -> Callable[[object], bool]:
    def switch(value: object) -> bool:
        return choice(key, str(value).lower(), _SWITCH) in _ON

    return switch


def _certificates(value: object) -> str:
    path = Path(str(value)).expanduser()
    if not path.is_file():
        raise ConfigError(
            f"There is no file {str(value)!r} with certificate authorities.", where=Place("ca"), hint="give a PEM file"
        )
    return str(path.absolute())


_ON = ("true", "yes", "on", "1")
_SWITCH = (*_ON, "false", "no", "off", "0")
_AHEAD = ("auto", "off", "check", "build", "load")
_PHASES, _POLICIES = words(Phase), words(FailPolicy)

KEYS: dict[str, Default] = {
    "ahead": Default(
        lambda value: choice("ahead", value, _AHEAD),
        "how far a filter's cell is taken while it is typed in JupyterLab with the extension: off; check: compiled and "
        "linked; build: tried on an Envoy here too; load: loaded, and not run, by pods of the embedded mesh too; "
        "auto: load, and off on one processor",
        "auto",
        _AHEAD,
    ),
    "ca": Default(_certificates, "certificate authorities of the registry, a PEM file"),
    "fail_policy": Default(
        lambda value: choice("fail_policy", value, _POLICIES),
        "what happens after a crash of the filter",
        "close",
        _POLICIES,
    ),
    "insecure": Default(
        _switch("insecure"), "skip the verification of the registry's certificate", False, ("true", "false")
    ),
    "language": Default(
        lambda value: choice("language", value, LANGUAGES.names()), "language of filter cells", "cpp", LANGUAGES
    ),
    "mesh": Default(
        lambda value: choice("mesh", value, MESHES.names()),
        Wording("the mesh that {} starts", Verb("mesh")),
        None,
        MESHES,
    ),
    "phase": Default(
        lambda value: choice("phase", value, _PHASES), "place in the filter chain", Phase.UNSPECIFIED.value, _PHASES
    ),
    "plain_http": Default(
        _switch("plain_http"), "use HTTP instead of HTTPS for the registry", False, ("true", "false")
    ),
    "registry": Default(_registry, "where images are named to live, such as localhost:5000/me"),
    "selector": Default(
        lambda value: selector_text(selector(value)), "pods that a filter is for, such as app=details", "*"
    ),
    "timeout": Default(lambda value: number("timeout", value), "seconds to wait for a deploy", 10.0),
}


def read(given: dict[str, Any]) -> dict[str, Any]:
    """Read all given defaults, or none: an empty value goes back to that of a fresh session.

    Raises
    ------
    UsageError, ConfigError
        A key is unknown or a value is not what it must be; nothing has been set then.
    """
    for key in given:
        if key not in KEYS:
            raise UsageError(
                f"There is no session default called {key!r}.",
                why=[f"available: {', '.join(KEYS)}"],
                hint=did_you_mean(key, KEYS) or Wording("{} without arguments shows them", Verb("config")),
            )
    return {key: KEYS[key].start if value in ("", None) else KEYS[key].read(value) for key, value in given.items()}
