"""What cargo and the linker complain about, as errors that say what to do."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from wasmnb import redact
from wasmnb.compile.diagnostics import Diagnostic
from wasmnb.compile.errors import CompileError, LinkError
from wasmnb.errors import Place, ToolchainError
from wasmnb.wording import Verb, Wording

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wasmnb.compile.rust.source import Dependency, Source

__all__ = ["cargo_error", "project_unlinked", "undefined", "unlinked", "unreachable"]

# What cargo says when it cannot get what it wants; measured with cargo 1.85 and 1.95.
_UNREACHABLE = re.compile(
    r"failed to (?:get|download|fetch|query)|[Cc]ould not resolve|unable to update|network failure"
    r"|offline was specified|--offline"
)
_ABSENT = re.compile(r"no matching package(?: named)? `(?P<name>[\w-]+)`")
_VERSION = re.compile(r"failed to select a version for(?: the requirement)? `(?P<name>[\w-]+)")
_FEATURE = re.compile(r"depends on `(?P<name>[\w-]+)`,? with features:? `[^`]*` but")
_FAILED = re.compile(r"could not compile `(?P<name>[\w-]+)`|failed to run custom build command for `(?P<build>[\w-]+)")
_GONE = re.compile(r"failed to read `(?P<path>[^`]+)`\s+Caused by:\s+No such file")
# A crate of the registry is told of as of "registry `crates-io`", and one at a path by its path.
_OF_GIT = re.compile(
    r"failed to (?:get|load source for dependency) `(?P<name>[\w-]+)`(?:(?!failed to get)[\s\S])*?[Uu]nable to update (?P<url>\w+://\S+)"
)
_NO_REVISION = re.compile(r"revspec '[^']*' not found|failed to find (?:branch|tag) `|cannot locate \w+ branch")
_NO_RIGHT = re.compile(r"[Aa]uthentication|authenticate|could not read Username|Permission denied")
_DEFINED = re.compile(r">>> defined in \S*?/(lib\w+?)(?:-[0-9a-f]{8,})?\.")
_TWICE = re.compile(r"error: duplicate symbol: (\w+)")
# What a later compiler has made stable (rustc's E0658), and what a manifest says.
_NEWER = re.compile(r"error\[E0658\]|requires rustc \d")
_ADDRESS = re.compile(r"\w+://\S+")
_QUOTED = 6


def cargo_error(text: str, asked: Sequence[Dependency]) -> CompileError | ToolchainError:
    """Make an error of cargo's words: at the line that asks for a crate, when it is about one.

    Parameters
    ----------
    text : str
        What cargo wrote, JSON lines of the compiler's among it.
    asked : sequence of Dependency
        The crates that the cell asks for.
    """
    said, why = _masked(_words(text)), [_masked(line) for line in _why(text)]
    gone = _GONE.search(said)
    if gone:
        return ToolchainError(
            "There is no crate at a path that the manifest names.",
            why=[gone["path"]],
            hint='correct the path in the line with path = "...": it starts at the folder of the manifest that has it',
            code="WNB2009",
        )
    if unreachable(text):
        return _unfetched(said, why)
    for pattern, what, hint in (
        (_ABSENT, "There is no crate {name!r} in the registry.", "check the spelling of the crate's name"),
        (_FEATURE, "The crate {name!r} has no such feature.", "see the crate's own documentation for its features"),
        (_VERSION, "There is no version of the crate {name!r} that fits.", "ask for another version of it"),
    ):
        match = pattern.search(said)
        if match:
            return _at(what.format(name=match["name"]), match["name"], asked, why, hint)
    failed = _FAILED.search(said)
    if failed and failed["build"]:
        return _at(
            f"The build script of {failed['build']!r} failed.",
            failed["build"],
            asked,
            _script_words(said) or why,
            "a build script runs on this machine: what it says above is what is missing here, or wrong in it",
        )
    if failed:
        name = failed["name"]
        hint = "leave it out, or ask for fewer of its features: there are no threads, sockets or C libraries here"
        if _NEWER.search("\n".join(why)):
            hint = "it is written for a newer Rust: rustup update, or ask for an earlier version of it"
        return _at(f"The crate {name!r} does not compile for a proxy's VM.", name, asked, why, hint)
    return ToolchainError("cargo failed.", why=why, hint=Wording("run {}", Verb("doctor")), code="WNB2005")


def _unfetched(said: str, why: list[str]) -> ToolchainError:
    """Say that crates did not come: from their registry, or from a repository of their own."""
    found = _OF_GIT.search(said)
    if found is None:
        hint = "connect to the network once; what has been fetched is then used without it"
        return ToolchainError("The Rust crates cannot be fetched.", why=why, hint=hint, code="WNB2006")
    hint = (
        'its line has git = "...": be where that repository can be reached once, ask the registry for a '
        'version = "..." of it where that has the crate, or name a folder that has it with path = "..."'
    )
    after = said[found.end() :]
    if _NO_REVISION.search(said):
        hint = "the repository has no such commit, branch or tag: correct the line that asks for the crate"
    elif _NO_RIGHT.search(after):
        hint = "git must know how to log in there: an SSH agent with a key, or a credential helper"
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    return ToolchainError(
        f"The crate {found['name']!r} cannot be fetched from its git repository.",
        why=[found["url"], lines[-1]],
        hint=hint,
        code="WNB2006",
    )


def unreachable(text: str) -> bool:
    """Tell from cargo's words whether it could not reach the registry of crates."""
    said = _words(text)
    return bool(_UNREACHABLE.search(said)) and not _GONE.search(said)


def _script_words(said: str) -> list[str]:
    """Give what a build script wrote, its panic or its last lines."""
    words = said.partition("--- stderr")[2].partition("stack backtrace:")[0]
    lines = [line.strip() for line in words.splitlines() if line.strip()]
    return [line for line in lines if not line.startswith(("note: run with", "warning:"))][-_QUOTED:]


def _at(what: str, name: str, asked: Sequence[Dependency], why: list[str], hint: str) -> CompileError:
    one = next((one for one in asked if one.name.replace("_", "-") == name.replace("_", "-")), None)
    # The crate may be one that an asked for crate needs.
    one = one or (asked[0] if len(asked) == 1 else None)
    place = one.place if one else Place("cell")
    diagnostic = Diagnostic("error", what.rstrip("."), place.line, place.column, place.quote)
    return CompileError(what, where=place, why=why, hint=hint, diagnostics=[diagnostic], code="WNB2023")


def _words(text: str) -> str:
    return "\n".join(line for line in text.splitlines() if not line.startswith("{"))


def _masked(words: str) -> str:
    """Take passwords out of addresses: cargo quotes that of a repository or a registry as the user wrote it."""
    return _ADDRESS.sub(lambda found: redact.url(found[0]), words)


def _why(text: str) -> list[str]:
    """Quote the first error of a crate's compiler, or else cargo itself."""
    for line in text.splitlines():
        item = json.loads(line) if line.startswith('{"reason":"compiler-message"') else {}
        if item and item["message"]["level"] == "error":
            return [part for part in item["message"]["rendered"].splitlines() if part.strip()][:_QUOTED]
    # The last one names the folder that is gone by now.
    noise = ("Updating", "Locking", "Downloading", "Downloaded", "Compiling", "Adding", "required by package `cell v")
    lines = (line.strip() for line in _words(text).splitlines())
    return [line for line in lines if line and not line.startswith(noise)][:_QUOTED]


def unlinked(found: Sequence[Diagnostic], source: Source) -> LinkError | ToolchainError | None:
    """Make an error of what the linker said, when it was the linker that failed."""
    failed = next((one for one in found if one.message.startswith("linking with ")), None)
    if failed is None:
        return None
    # The compiler quotes its whole command first.
    said = failed.notes[-1].message if failed.notes else failed.message
    twice = dict.fromkeys(_TWICE.findall(said))
    if twice:
        message = "{!r} is defined here, and in another crate as well"
        return _link_error(
            [_named(name, message, source) for name in twice], "give it another name, or leave it out", "WNB2042"
        )
    return ToolchainError(
        "The linker failed.", why=said.splitlines()[:_QUOTED], hint=Wording("run {}", Verb("doctor")), code="WNB2005"
    )


def project_unlinked(found: Sequence[Diagnostic]) -> LinkError | ToolchainError | None:
    """Make an error of what the linker said of a project, when it was the linker that failed."""
    failed = next((one for one in found if one.message.startswith("linking with ")), None)
    if failed is None:
        return None
    said = "\n".join(note.message for note in failed.notes)
    twice = list(dict.fromkeys(_TWICE.findall(said)))
    if not twice:
        why = [line.strip() for line in said.splitlines() if "error:" in line][:_QUOTED]
        return ToolchainError("The linker failed.", why=why, hint=Wording("run {}", Verb("doctor")), code="WNB2005")
    hint = "give it another name in one of them, or leave one of them out"
    if twice == ["malloc"] and "libproxy_wasm-" in said:
        hint = "this proxy-wasm has a malloc as WASI has: cargo update -p proxy-wasm, in its folder, takes a later one"
    rest = f" ({len(twice) - 1} more follow)" if len(twice) > 1 else ""
    return LinkError(
        f"The project compiles, but {twice[0]!r} is defined in two of its crates{rest}.",
        why=[f"in {name}" for name in dict.fromkeys(_DEFINED.findall(said))],
        hint=hint,
        diagnostics=found,
        code="WNB2042",
    )


def undefined(names: Sequence[str], source: Source) -> LinkError:
    """Make an error of functions that the cell declares and nobody has, at the lines that use them."""
    hint = "call a function of proxy_wasm::hostcalls, or define it in the cell"
    return _link_error([_named(name, "there is no host function {!r}", source) for name in names], hint, "WNB2041")


def _named(name: str, message: str, source: Source) -> Diagnostic:
    place = source.find(name) or Place("cell")
    return Diagnostic("error", message.format(name), place.line, place.column, place.quote)


def _link_error(found: list[Diagnostic], hint: str, code: str) -> LinkError:
    found.sort(key=lambda one: (not one.line, one.line, one.column))
    first, *others = found
    rest = f" ({len(others)} more follow)" if others else ""
    what = f"The cell compiles, but {first.message}{rest}."
    why = [str(one) for one in others[:3]]
    return LinkError(what, where=first.place, why=why, hint=hint, diagnostics=found, code=code)
