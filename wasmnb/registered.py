"""Names that packages register through entry points: listed without importing anything, loaded when first named.

A group holds our own names in a table beside what they are names of. pyproject.toml declares the same as entry points,
and a test compares the two; but ours are taken from the table: the metadata of a checkout is as old as its last
installation (and missing where the checkout is only on the path), and a name of ours costs no look at all
installed packages then.
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from importlib.machinery import PathFinder
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from wasmnb.check import Check
from wasmnb.errors import RegistrationError, UsageError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Group", "Registered", "load", "others"]

T = TypeVar("T")

_US = "wasmnb"


@dataclass(frozen=True)
class Registered:
    """One registered name.

    Parameters
    ----------
    name : str
    target : str
        ``module:attribute`` of what it is a name of.
    distribution : str
        The package that registers it, with its version: ``toylang 1.0``.
    """

    name: str
    target: str
    distribution: str


class Group(Generic[T]):
    """The names of one entry-point group.

    Parameters
    ----------
    name : str
        Of the group, such as ``wasmnb.languages``.
    noun : str
        What one of them is, such as ``language``.
    own : mapping of str to str
        Ours, ``module:attribute`` by name, in the order in which they are listed.
    kind : type, optional
        What each name stands for is one of these.
    """

    def __init__(self, name: str, noun: str, own: Mapping[str, str], kind: type[T] | None = None) -> None:
        self.name = name
        self.noun = noun
        self.own = dict(own)
        self.kind = kind
        self._loaded: dict[Registered, T] = {}

    def names(self) -> tuple[str, ...]:
        """List every name, ours first; nothing is loaded."""
        return tuple(self._entries())

    def get(self, name: str) -> T | None:
        """Give what a name stands for; None when nobody registers it.

        Raises
        ------
        RegistrationError
            It cannot be loaded, or two packages register it.
        """
        if name in self.own:
            return self._load(Registered(name, self.own[name], _US))
        entries = self._entries().get(name, ())
        if len(entries) > 1:
            raise RegistrationError(
                f"{len(entries)} packages register the {self.noun} {name!r}: {_listed(entries)}.",
                hint="uninstall all of them but one",
            )
        return self._load(entries[0]) if entries else None

    def load(self, name: str) -> T:
        """Give what a name stands for.

        Raises
        ------
        UsageError
            Nobody registers it.
        RegistrationError
            As `get`.
        """
        found = self.get(name)
        if found is None:
            names = self.names()
            raise UsageError(
                f"There is no {self.noun} {name!r}.",
                why=[f"available: {', '.join(names)}"],
                hint=did_you_mean(name, names) or f"for instance {names[0]!r}",
            )
        return found

    def loaded(self) -> dict[str, T]:
        """Load everything, and give by name what can be used; `checks` says what cannot."""
        found: dict[str, T] = {}
        for name in self.names():
            with suppress(RegistrationError):  # one broken package does not take the others away
                found[name] = self.load(name)
        return found

    def checks(self) -> list[Check]:
        """Load everything, and give one check of the group, and one of each name that cannot be used."""
        said: list[str] = []
        broken: list[Check] = []
        for name, entries in self._entries().items():
            others = [entry for entry in entries if entry.distribution != _US]
            if name in self.own and others:
                why = f"{_listed(others)} registers it too, and ours is taken"
                broken.append(Check(f"{self.noun} {name}", ok=False, detail=why, hint="uninstall it", needed=False))
            try:
                self.get(name)
            except RegistrationError as error:
                why, hint = error.what, error.hint
                broken.append(Check(f"{self.noun} {name}", ok=False, detail=why, hint=hint, needed=False))
            else:
                said.append(name if name in self.own else f"{name} ({_listed(entries)})")
        return [Check(self.name.rpartition(".")[2], ok=True, detail=", ".join(said)), *broken]

    def _entries(self) -> dict[str, tuple[Registered, ...]]:
        found: dict[str, tuple[Registered, ...]] = {
            name: (Registered(name, target, _US),) for name, target in self.own.items()
        }
        for entry in _scan(_where()).get(self.name, ()):
            found[entry.name] = (*found.get(entry.name, ()), entry)
        return found

    def _load(self, entry: Registered) -> T:
        if entry not in self._loaded:
            try:
                thing = load(entry.target)
            except Exception as error:  # whatever somebody else's module does
                raise RegistrationError(
                    f"The {self.noun} {entry.name!r} of the package {entry.distribution} cannot be loaded.",
                    why=[f"{entry.target}: {type(error).__name__}: {error}".removesuffix(": ")],
                    hint=f"install another version of {entry.distribution.partition(' ')[0]}, or uninstall it",
                ) from error
            if self.kind is not None and not isinstance(thing, self.kind):
                raise RegistrationError(
                    f"The {self.noun} {entry.name!r} of the package {entry.distribution} is not a {self.noun}.",
                    why=[f"{entry.target} is a {type(thing).__name__}, and no {self.kind.__name__}"],
                    hint=f"install another version of {entry.distribution.partition(' ')[0]}, or uninstall it",
                )
            self._loaded[entry] = cast("T", thing)
        return self._loaded[entry]


def load(target: str) -> Any:
    """Import what ``module:attribute`` names."""
    module, _, attribute = target.partition(":")
    return getattr(import_module(module), attribute)


def others(group: str) -> list[str]:
    """Name what packages of others register in a group, each once."""
    return list(dict.fromkeys(entry.name for entry in _scan(_where()).get(group, ())))


def _listed(entries: tuple[Registered, ...] | list[Registered]) -> str:
    return " and ".join(entry.distribution for entry in entries)


def _where() -> tuple[tuple[str, int], ...]:
    """Say where packages are installed, and when that last changed: what is installed later is found as well."""
    return tuple((path, _changed(path or ".")) for path in sys.path)


def _changed(path: str) -> int:
    try:
        return os.stat(path).st_mtime_ns  # noqa: PTH116 - no Path is made of a path that may be no folder
    except OSError:
        return 0


def _may_register(path: str) -> bool:
    """Say whether a package of a folder may register something: a look at the files, without what reads them well."""
    try:
        names = [name for name in os.listdir(path) if name.endswith((".dist-info", ".egg-info", ".egg"))]  # noqa: PTH208 - as above
    except NotADirectoryError:
        return True  # an archive
    except OSError:
        return False
    return any(name.endswith(".egg") or _names_a_group(f"{path}/{name}/entry_points.txt") for name in names)


def _names_a_group(path: str) -> bool:
    if os.path.basename(os.path.dirname(path)).startswith(f"{_US}-"):  # noqa: PTH119, PTH120 - as above
        return False
    try:
        with open(path, "rb") as file:  # noqa: PTH123 - as above
            return f"[{_US}.".encode() in file.read()
    except OSError:
        return False


@lru_cache(maxsize=1)
def _scan(_: tuple[tuple[str, int], ...]) -> dict[str, list[Registered]]:
    """Read what the installed packages register, by group.

    ``importlib.metadata.entry_points`` reads the same, and parses the entry points of every package for it: 161
    packages take it 8 ms, and this 2 ms.
    """
    others = any(hasattr(finder, "find_distributions") for finder in sys.meta_path if finder is not PathFinder)
    if not others and not any(_may_register(path or ".") for path in sys.path):
        return {}
    from importlib.metadata import distributions  # noqa: PLC0415 - 50 ms, where nothing has needed it yet

    found: dict[str, list[Registered]] = {}
    seen = {_US}
    for distribution in distributions():
        text = distribution.read_text("entry_points.txt")
        if not text or f"[{_US}." not in text:
            continue
        package = distribution.metadata["Name"]
        key = package.lower().replace("_", "-").replace(".", "-")
        if key in seen:  # the first on the path is the one that is imported
            continue
        seen.add(key)
        for entry in distribution.entry_points:
            if entry.group.startswith(f"{_US}."):
                one = Registered(entry.name, entry.value, f"{package} {distribution.version}")
                found.setdefault(entry.group, []).append(one)
    for entries in found.values():
        entries.sort(key=lambda entry: (entry.name, entry.distribution))
    return found
