"""Go sources that a build for a proxy leaves out, and what brings them back: build tags, cgo, names for a system."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from wasmnb.wording import Option, Wording

if TYPE_CHECKING:
    from collections.abc import Mapping

    from wasmnb.wording import Text

__all__ = ["hint"]

_CONSTRAINT = re.compile(r"^//go:build[ \t]+(?P<said>.+)$", re.MULTILINE)
_PACKAGE = re.compile(r"^package\s+(?P<name>\w+)", re.MULTILINE)
_TOKEN = re.compile(r"&&|\|\||[!()]|[\w.]+")
_CGO = re.compile(r'^\s*import\s+"C"', re.MULTILINE)
#: What holds where Go builds for a proxy; ``go1.24`` and the like do too.
_HOLDS = frozenset({"wasip1", "wasm", "gc"})
_GO = re.compile(r"go1\.\d+")
_SYSTEMS = frozenset(
    {"aix", "android", "darwin", "freebsd", "illumos", "ios", "js", "linux", "netbsd", "openbsd", "plan9"}
)
_SYSTEMS |= {"solaris", "unix", "windows", "386", "amd64", "arm", "arm64", "loong64", "mips", "mips64", "mips64le"}
_SYSTEMS |= {"mipsle", "ppc64", "ppc64le", "riscv64", "s390x", "cgo", "race", "msan", "asan"}
_UNDEFINED = re.compile(
    r"^undefined: (?:(?P<package>\w+)\.)?(?P<name>\w+)|undefined \(type .* has no field or method (?P<method>\w+)\)"
)
_NEVER = "ignore"  # by convention the tag of what is no part of the package
_EXCLUDED = re.compile(r"build constraints exclude all Go files in (?P<folder>\S+)")


def hint(said: str, files: Mapping[str, str], source: str = "") -> Text:
    """Say why Go does not see a source that has what is missing; empty where none has it.

    Parameters
    ----------
    said : str
        What Go says: a name is undefined, or no source of a package is left.
    files : mapping of str to str
        Every file of the project by its path.
    source : str
        The one that Go says it of: a name without a package is one of its own folder.
    """
    missing, excluded = _UNDEFINED.search(said), _EXCLUDED.search(said)
    for path, text in sorted(files.items()):
        if not path.endswith(".go") or path.endswith("_test.go"):
            continue
        if missing:
            concerns = _declares(text, missing["name"] or missing["method"]) and _within(missing, path, text, source)
        else:
            concerns = excluded is not None and f"{excluded['folder']}/".endswith(
                f"/{posixpath.dirname(path)}/".replace("//", "/")
            )
        reason = _reason(path, text) if concerns else ""
        if reason:
            return reason
    return ""


def _within(missing: re.Match[str], path: str, text: str, source: str) -> bool:
    """Say whether a file belongs to the package that lacks a name; a method's is not said."""
    begins = _PACKAGE.search(text)
    if missing["package"]:
        return begins is not None and begins["name"] == missing["package"]
    return bool(missing["method"] or not source or posixpath.dirname(path) == posixpath.dirname(source))


def _declares(text: str, name: str) -> bool:
    return bool(re.search(rf"^(?:func\s+(?:\([^)]*\)\s*)?|var\s+|const\s+|type\s+|\t){name}\b", text, re.MULTILINE))


def _reason(path: str, text: str) -> Text:
    begins = _PACKAGE.search(text)
    constraint = _CONSTRAINT.search(text, 0, begins.start() if begins else 0)
    if constraint and not _holds(constraint["said"], frozenset()):
        tags = _tags(constraint["said"])
        if not tags:
            return f"{path} is left out by its line //go:build {constraint['said'].strip()}"
        flag = f"-tags={','.join(tags)}"
        return Wording(
            f"{path} is built with {{}}, as its line //go:build says",
            Option("flags", flag, flag="--flag"),
            python=f"{path} is built with flags=[{flag!r}], as its line //go:build says",
        )
    if _CGO.search(text):
        return f"{path} has C in it (cgo), which Go does not compile for a proxy: write that part in Go"
    words = posixpath.basename(path).removesuffix(".go").split("_")[1:]
    system = next((word for word in words[-2:] if word in _SYSTEMS), None)
    return f"{path} is for {system} alone, by the end of its name" if system else ""


def _tags(said: str) -> list[str]:
    """Give the fewest tags of the project's own with which a constraint holds; none where there are no such."""
    own = [word for word in dict.fromkeys(_TOKEN.findall(said)) if word[0].isalpha() and word not in _SYSTEMS | _HOLDS]
    own = [word for word in own if word != _NEVER]
    tries = [*([word] for word in own), own]
    return next((words for words in tries if _holds(said, frozenset(words))), [])


def _holds(said: str, tags: frozenset[str]) -> bool:
    """Evaluate a build constraint (go/build/constraint): ``!`` binds closest, ``||`` last."""
    tokens = _TOKEN.findall(said)

    def either() -> bool:
        found = [both()]
        while tokens[:1] == ["||"]:
            tokens.pop(0)
            found.append(both())
        return any(found)

    def both() -> bool:
        found = [one()]
        while tokens[:1] == ["&&"]:
            tokens.pop(0)
            found.append(one())
        return all(found)

    def one() -> bool:
        word = tokens.pop(0) if tokens else ""
        if word == "!":
            return not one()
        if word == "(":
            found = either()
            if tokens:
                tokens.pop(0)
            return found
        return word in tags or word in _HOLDS or _GO.fullmatch(word) is not None

    return either()
