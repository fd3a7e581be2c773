"""The compiler flags that a filter may bring along."""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from wasmnb.errors import Place, UsageError
from wasmnb.paths import data_dir
from wasmnb.wording import Option, Wording

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Flags"]

_OPTIMISE = ("-O0", "-O1", "-O2", "-O3", "-Os", "-Oz")
_STANDARDS = ("c++17", "c++20", "c++23", "c++26", "gnu++17", "gnu++20", "gnu++23", "gnu++26")
_DEFINE = re.compile(r"-D[A-Za-z_]\w*(=.*)?", re.DOTALL)
_WARNING = re.compile(r"-W(no-)?(error=)?[a-z0-9+=-]+|-W")
_ALLOWED = "allowed are -DNAME[=VALUE], -O0 -O1 -O2 -O3 -Os -Oz, -std=c++17 (20, 23, 26), -W..., -IFOLDER"
#: How a word begins that names a library (``libraries=FOLDER``).
_WITH = "--with="
_NO_ARCHIVES = Wording(
    "archives are for this machine, not for a proxy's VM: {} compiles a library's sources",
    Option("libraries", "FOLDER", flag="--with"),
)
_REASONS = (
    ("-fexceptions", "a proxy's VM has no C++ exceptions: a module that throws is refused by Envoy"),
    ("-fcxx-exceptions", "a proxy's VM has no C++ exceptions: a module that throws is refused by Envoy"),
    ("-flto", "link-time optimisation would make every edit slow; -Os or -Oz make the module small"),
    ("-g", "names and lines for backtraces are always kept, beside the module that ships"),
    ("-pthread", "a filter runs in one thread; there are no others in a proxy's VM"),
    ("-l", _NO_ARCHIVES),
    ("-L", _NO_ARCHIVES),
    ("-U", "leave the macro out, or use #undef in the cell"),
    ("-m", "the machine is always WebAssembly as Envoy runs it"),
    ("-target", "the machine is always WebAssembly as Envoy runs it"),
    ("-o", "the module stays in memory; save it with Module.wasm"),
    ("-include", "write the #include into the cell"),
)


@dataclass(frozen=True)
class Flags:
    """Checked flags, sorted by what they change.

    Parameters
    ----------
    optimise : str
        ``-Os`` unless asked otherwise.
    standard : str
        ``-std=c++17`` unless asked otherwise.
    defines : tuple of str
        ``-DNAME=VALUE``, in the order given.
    warnings : tuple of str
    includes : tuple of str
        Absolute folders, and folders of the filter's own files.
    libraries : tuple of str
        Absolute folders of libraries, whose sources are compiled.
    """

    optimise: str = "-Os"
    standard: str = "-std=c++17"
    defines: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    includes: tuple[str, ...] = ()
    libraries: tuple[str, ...] = ()

    @classmethod
    def parse(cls, words: Sequence[str], inside: Sequence[tuple[str, str]] = ()) -> Flags:
        """Check and sort flags.

        Parameters
        ----------
        words : sequence of str
        inside : sequence of (str, str)
            The filter's own files: their folders come first.

        Raises
        ------
        UsageError
            A flag is not allowed, or stands without its value.
        """
        found: dict[str, list[str]] = {"-O": [], "-s": [], "-D": [], "-W": [], "-I": []}
        queue, libraries = list(words), []
        while queue:
            word = queue.pop(0)
            if word.startswith(_WITH):
                libraries.append(_library(word.removeprefix(_WITH)))
                continue
            if word in ("-D", "-I", "-O") and queue:
                word += queue.pop(0)
            own = _own(word, inside)
            found["-I" if own else _kind(word)].append(own or word)
        return cls(
            optimise=(found["-O"] or [cls.optimise])[-1],
            standard=(found["-s"] or [cls.standard])[-1],
            defines=tuple(found["-D"]),
            warnings=tuple(found["-W"]),
            includes=tuple(
                word if not word.startswith("-I") else str(Path(word[2:]).expanduser().absolute())
                for word in found["-I"]
            ),
            libraries=tuple(dict.fromkeys(libraries)),
        )

    @property
    def shared(self) -> tuple[str, ...]:
        """Those that the precompiled header and the SDK must be built with, too."""
        return (self.optimise, self.standard, *self.defines)

    @property
    def own(self) -> tuple[str, ...]:
        """Those that concern the cell only."""
        folders: list[str] = []
        for folder in self.includes:
            # This machine's own C library must not be taken for that of a proxy's VM: the rest of such a folder is
            # looked at last, and its headers, which the compiler takes for a system's, are to be listed all the same.
            system = Path(folder, "stdio.h").is_file()
            folders += ["-idirafter", folder, "-sys-header-deps"] if system else ["-I", folder]
        if self.libraries:
            from wasmnb.compile.cpp.libraries import included  # noqa: PLC0415 - for their users only

            folders += included(self.libraries)
        return (*self.warnings, *folders)


def _own(word: str, inside: Sequence[tuple[str, str]]) -> str:
    """Give the folder of the filter's own files that ``-I`` names; empty for another one."""
    folder = posixpath.normpath(word[2:]) if word.startswith("-I") else ""
    return folder if folder and any(path.startswith(f"{folder}/") for path, _ in inside) else ""


def _kind(word: str) -> str:
    if word in _OPTIMISE:
        return "-O"
    if word.startswith("-std=") and word[5:] in _STANDARDS:
        return "-s"
    if _DEFINE.fullmatch(word):
        return "-D"
    if _WARNING.fullmatch(word):
        return "-W"
    if word.startswith("-I") and len(word) > len("-I"):
        return _folder(word)
    where = Place(Option("flags"), quote=word)
    if word.startswith("-std="):
        raise UsageError(f"{word[5:]!r} is not a C++ standard that the SDK compiles with.", where=where, hint=_ALLOWED)
    reason = next((text for start, text in _REASONS if word.startswith(start)), "")
    raise UsageError(
        f"The compiler flag {word!r} is not allowed.", where=where, why=[reason] if reason else [], hint=_ALLOWED
    )


def _folder(word: str) -> str:
    if not Path(word[2:]).expanduser().is_dir():
        raise UsageError(
            f"The folder of {word!r} does not exist.",
            where=Place(Option("flags"), quote=word),
            hint=f"folders are looked for from {Path.cwd()}",
        )
    return "-I"


def _library(named: str) -> str:
    """Give the folder of a library: a path, or a name in the folder of the user's libraries.

    Raises
    ------
    UsageError
    """
    here = Path(named).expanduser()
    kept = data_dir("libraries")
    for place in (here, *([kept / named] if len(here.parts) == 1 else [])):
        if place.is_dir():
            return str(place.resolve())
    raise UsageError(
        f"There is no folder of sources {named!r}.",
        where=Place(Option("libraries", flag="--with"), quote=named),
        why=[f"looked for from {Path.cwd()}, and in {kept}"],
        hint="get the library's sources, for instance with git clone, and give the folder that its includes begin at",
    )
