"""The mechanical part of a Go project's way from the SDK for TinyGo to the one for Go itself."""

from __future__ import annotations

import difflib
import re
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from wasmnb.compile.go import modules
from wasmnb.compile.go.source import blanked, main_sets, setting
from wasmnb.compile.tree import as_bytes, as_text, listed
from wasmnb.display import Column, Table
from wasmnb.display.result import Dated, Tabled
from wasmnb.errors import BadNameError, UsageError
from wasmnb.wording import RELATIVE, Option, Wording

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Migration", "migrate"]

_OLD = "github.com/tetratelabs/proxy-wasm-go-sdk"
_LEAST = (1, 24)
_REQUIRED = re.compile(rf"{re.escape(_OLD)}[ \t]+v\S+")
_REPLACED = re.compile(rf"^[ \t]*(?:replace[ \t]+)?{re.escape(_OLD)}(?:[ \t]+v\S+)?[ \t]*=>.*\n?", re.MULTILINE)
_GO = re.compile(r"^go[ \t]+(\d+)\.(\d+)\S*", re.MULTILINE)
_MAIN = re.compile(r"^func[ \t]+main[ \t]*\([ \t]*\)", re.MULTILINE)
_EXPORT = re.compile(r"^//export[ \t]+(\w+)", re.MULTILINE)
# A collector of garbage for TinyGo: Go has its own.
_COLLECTOR = re.compile(r'^(?:import)?[ \t]*_[ \t]+"github\.com/wasilibs/nottinygc"[ \t]*(?://.*)?\n', re.MULTILINE)
_OLD_TAG = re.compile(r"^//[ \t]*\+build\b.*\btinygo\b.*\n", re.MULTILINE)
_TAG = re.compile(r"^//go:build\b.*$", re.MULTILINE)


@dataclass(frozen=True)
class Migration(Dated, Tabled):
    """What was changed in a project's folder.

    Parameters
    ----------
    path : pathlib.Path
    files : tuple of str
        Those that were changed.
    diff : str
        In the unified form.
    """

    path: Path
    files: tuple[str, ...]
    diff: str

    @property
    def table(self) -> Table:
        """The files in rows: ``file`` (``string``), lines ``added`` and ``removed`` (``Int64``)."""
        parts = re.split(r"^--- ", self.diff, flags=re.MULTILINE)[1:]
        columns = (Column("file"), Column("added", "Int64"), Column("removed", "Int64"))
        rows = tuple(
            (file, *(sum(line.startswith(sign) for line in part.split("\n")[2:]) for sign in "+-"))
            for file, part in zip(self.files, parts, strict=True)
        )
        return Table(columns, rows)

    def to_dict(self) -> dict[str, Any]:
        """Give plain JSON values."""
        return {"path": str(self.path), "files": list(self.files), "diff": self.diff, "at": self.at.isoformat()}


def migrate(folder: Path, *, force: bool = False) -> Migration:
    """Change a project on TinyGo's SDK into one on Go's: module path, ``main`` to ``init``, exports and build tags.

    Parameters
    ----------
    folder : pathlib.Path
    force : bool
        Also where version control could not give back what was there.

    Raises
    ------
    BadNameError
        There is no such folder.
    UsageError
        It is no such project, or has changes that are not committed.
    """
    if not folder.is_dir():
        raise BadNameError(f"There is no folder {str(folder)!r}.", hint=RELATIVE)
    before: dict[str, str] = {}
    ends: dict[str, str] = {}
    for path in listed(folder, ignored=False):
        if path.suffix == ".go" or path.name in ("go.mod", "go.sum", "go.work"):
            name, text = path.relative_to(folder).as_posix(), as_text(path.read_bytes())
            ends[name] = "\r\n" if "\r\n" in text else "\n"
            before[name] = text.replace("\r\n", "\n")
    packages = setting(before)
    after = {name: _changed(name, text, packages) for name, text in before.items()}
    if any(name.endswith("go.mod") and text != before[name] for name, text in after.items()):
        # A workspace that states an earlier Go than one of its modules is refused.
        after |= {name: _since(text) for name, text in before.items() if name.endswith("go.work")}
    for name in [name for name, text in after.items() if name.endswith("go.mod") and text != before[name]]:
        # The sums of the SDK are ours to say: without them Go asks for a network, and for `go mod tidy`.
        sums = f"{name[: -len('go.mod')]}go.sum"
        kept = after.get(sums, "").splitlines()
        after[sums] = "".join(f"{line}\n" for line in kept) + modules.SDK_SUMS
        before.setdefault(sums, "")
    files = tuple(sorted(name for name, text in after.items() if text != before[name]))
    if not files:
        raise UsageError(
            f"The folder {str(folder)!r} has nothing of TinyGo's SDK.", hint=f"a project on it requires {_OLD}"
        )
    if not force:
        _refuse_changes(folder)
    for name in files:
        (folder / name).write_bytes(as_bytes(after[name].replace("\n", ends.get(name, "\n"))))
    lines = (
        difflib.unified_diff(
            before[name].splitlines(keepends=True), after[name].splitlines(keepends=True), f"a/{name}", f"b/{name}"
        )
        for name in files
    )
    whole = "".join(line if line.endswith("\n") else f"{line}\n" for each in lines for line in each)
    return Migration(folder, files, whole)


def _refuse_changes(folder: Path) -> None:
    command = ["git", "-C", str(folder), "status", "--porcelain", "--", "."]
    try:
        said = subprocess.run(command, capture_output=True, check=True, timeout=60, text=True).stdout
    except (OSError, subprocess.SubprocessError):
        why = ["it is not under version control"]
    else:
        why = said.splitlines()[:6]
    if why:
        raise UsageError(
            f"The folder {str(folder)!r} has changes that are not committed, and a migration changes its files.",
            why=why,
            hint=Wording("commit them, or add {}", Option("force", value=True)),
        )


def _changed(name: str, text: str, packages: frozenset[str]) -> str:
    if name.endswith("go.sum"):
        return "".join(line for line in text.splitlines(keepends=True) if not line.startswith(f"{_OLD} "))
    if name.endswith("go.mod"):
        return _manifest(text)
    return _source(text, packages)


def _manifest(text: str) -> str:
    if _OLD not in text:
        return text
    # What stands in for the old SDK has its module path, and would not be taken for the new one.
    text = _REPLACED.sub("", text)
    return _since(_REQUIRED.sub(f"{modules.SDK} {modules.SDK_VERSION}", text).replace(_OLD, modules.SDK))


def _since(text: str) -> str:
    """Give a manifest with the Go that has what the new SDK needs, or with its own later one."""
    stated = _GO.search(text)
    if stated and (int(stated[1]), int(stated[2])) < _LEAST:
        text = text[: stated.start()] + "go 1.24" + text[stated.end() :]
    return text


def _source(text: str, packages: frozenset[str]) -> str:
    starts = main_sets(text, packages) is not None
    concerned = starts or _OLD in text or "tinygo" in text or _COLLECTOR.search(text) or _EXPORT.search(text)
    if not concerned:
        return text
    text = _OLD_TAG.sub("", text.replace(_OLD, modules.SDK))
    text = _TAG.sub(lambda line: re.sub(r"\btinygo(?:\.wasm)?\b", "wasip1", line[0]), text)
    text = _EXPORT.sub(r"//go:wasmexport \1", text)
    text = _COLLECTOR.sub("", text)
    main = _MAIN.search(blanked(text))
    if main is None or not starts:
        return text
    return f"{text[: main.start()]}func main() {{}}\n\nfunc init(){text[main.end() :]}"
