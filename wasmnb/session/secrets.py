"""Secrets by name: asked for, or read from the environment or a file, and put into configurations and logins."""

from __future__ import annotations

import getpass
import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wasmnb import redact
from wasmnb.display import Column, Table
from wasmnb.display.result import Dated, Tabled
from wasmnb.errors import BadNameError, ConfigError, Interrupted, UsageError, did_you_mean
from wasmnb.interrupts import hidden_line
from wasmnb.notebook import in_kernel
from wasmnb.wording import Option, Verb, Wording

if TYPE_CHECKING:
    from wasmnb.session.context import Context
    from wasmnb.wording import Text

__all__ = ["REFERENCE", "KeptSecret", "Secrets", "asked", "from_environment"]

REFERENCE = "$secret"
"""The key of an object that stands for a secret in a configuration: ``{"$secret": "NAME"}``."""

_SHORTEST = 4  # a shorter secret is a word of the language as often as it is the secret

# A shell's commands keep nothing from one to the next.
_IN_A_FILE = Wording("write the secret itself into a file, and give that: {}", Option("config", "@FILE"))


@dataclass(frozen=True)
class KeptSecret(Dated, Tabled):
    """A secret that the session keeps until it ends; its value is in no result.

    Parameters
    ----------
    name : str
    source : str
        Where it came from: ``asked``, ``environment`` or ``file``.
    """

    name: str
    source: str

    def __str__(self) -> str:
        return f'kept until this session ends; in a configuration, {{"{REFERENCE}": "{self.name}"}} stands for it'

    @property
    def table(self) -> Table:
        """The secret in one row: ``name`` and ``source`` (``string``)."""
        return Table((Column("name"), Column("source")), ((self.name, self.source),))

    def to_dict(self) -> dict[str, Any]:
        """Give plain JSON values."""
        return {"name": self.name, "source": self.source, "at": self.at.isoformat()}


class Secrets:
    """How a session comes by secrets, and hands them on.

    Parameters
    ----------
    context : Context
    """

    def __init__(self, context: Context) -> None:
        self.context = context
        self._kept: dict[str, str] = {}

    def names(self) -> list[str]:
        """The names of the secrets that this session keeps."""
        return sorted(self._kept)

    def secret(self, name: str, *, env: str | None = None, file: str | None = None) -> KeptSecret:
        """Keep a secret under a name, for configurations and logins.

        It is asked for, masked, when nothing is said of where it is. It is never an argument, because arguments stand
        in cells.

        Parameters
        ----------
        name : str
        env : str, optional
            The name of the environment variable that holds it, for runbooks.
        file : str, optional
            The file that holds it; a line end behind it does not belong to it.

        Raises
        ------
        UsageError
            There is nobody to ask, nothing was given, or both places are said.
        ConfigError, Interrupted
        """
        if env is not None and file is not None:
            raise UsageError("A secret comes from one place.", hint="leave one of both out")
        other = Wording("{} or {} says where it is", Option("env", "NAME"), Option("file", "PATH"))
        if env is not None:
            value, source = from_environment(env), "environment"
        elif file is not None:
            value, source = _from_file(file), "file"
        else:
            value, source = asked(f"Value of {name}: ", other), "asked"
        self.keep(name, value)
        return KeptSecret(name, source)

    def keep(self, name: str, value: str) -> None:
        """Keep a secret that a front end was given in a masked field; code asks for it with `secret`."""
        self._kept[name] = value
        self.hide(value)

    def hide(self, value: str) -> None:
        """Show a value nowhere."""
        if len(value) >= _SHORTEST:
            self.context.secrets.add(value)

    def value(self, name: str) -> str:
        """Give the value that is kept under a name.

        Raises
        ------
        BadNameError
        """
        if name not in self._kept:
            known = did_you_mean(name, self._kept)
            raise BadNameError(
                f"This session keeps no secret {name!r}.",
                hint=known or Wording("{} keeps one", Verb("secret", (name,)), terminal=_IN_A_FILE),
            )
        return self._kept[name]

    def put_into(self, config: str | Mapping[str, Any] | None) -> str | Mapping[str, Any] | None:
        """Put secrets in the places of their names.

        Raises
        ------
        BadNameError
            One is not kept.
        ConfigError
            A value is the mask of a secret that was shown.
        """
        found = _json(config) if isinstance(config, str) else config
        filled = self._filled(found, "$")
        return config if filled == found else filled

    def _filled(self, value: Any, place: str) -> Any:
        if isinstance(value, Mapping):
            if set(value) == {REFERENCE}:
                return self.value(str(value[REFERENCE]))
            return {key: self._filled(item, f"{place}.{key}") for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [self._filled(item, f"{place}[{index}]") for index, item in enumerate(value)]
        if value == redact.MASK:
            raise ConfigError(
                f"{place} is {redact.MASK}, which is shown in the place of a secret, and is none.",
                hint=Wording(
                    '{} keeps the secret; write {{"' + REFERENCE + '": "NAME"}} in its place',
                    Verb("secret", ("NAME",)),
                    terminal=_IN_A_FILE,
                ),
            )
        return value


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def from_environment(name: str, option: str = "env") -> str:
    """Read the variable; its name is not quoted, because somebody will put the secret itself there.

    Raises
    ------
    UsageError
    """
    value = os.environ.get(name, "").strip("\r\n")
    if not value:
        raise UsageError(
            Wording("The environment variable that {} names is not set, or is empty.", Option(option)),
            hint=Wording(
                "set it where the kernel is started (%env in a cell would be saved with the notebook)",
                terminal="export it before the command",
            ),
        )
    return value


def asked(prompt: str, otherwise: Text, what: str = "secret") -> str:
    """Ask for a secret, masked: in the notebook or the terminal; where neither is there, read a line of standard input.

    Raises
    ------
    UsageError
        There is nobody to ask, or nothing was given; the hint is what one does then.
    Interrupted
    """
    try:
        if in_kernel() or sys.stdin is None:
            given = getpass.getpass(prompt)
        elif sys.stdin.isatty():
            given = hidden_line(prompt)
        else:
            given = sys.stdin.readline().strip("\r\n")
    except KeyboardInterrupt:
        raise Interrupted(f"Asking for the {what} was stopped; nothing was kept.") from None
    except (EOFError, OSError, NotImplementedError):
        # A kernel says so by a subclass of NotImplementedError when its front end cannot be asked.
        raise UsageError(f"Nobody can be asked for the {what} here.", hint=otherwise) from None
    if not given:
        raise UsageError(f"No {what} was given.", hint=Wording("run it again; in a runbook, {}", otherwise))
    return given


def _from_file(path: str) -> str:
    try:
        value = Path(path).expanduser().read_text("utf-8").rstrip("\r\n")
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path} cannot be read.", why=[type(error).__name__], hint="check the path") from None
    if not value:
        raise ConfigError(f"{path} is empty.", hint="write the secret into it")
    return value
