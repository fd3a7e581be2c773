"""The compiler's complaints as one error, with a hint for what a filter's author often meets."""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from wasmnb.compile.cpp.dependencies import top_of
from wasmnb.compile.errors import CompileError, listed
from wasmnb.errors import ToolchainError, did_you_mean
from wasmnb.sdk import include_dir
from wasmnb.wording import Option, Verb, Wording

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from wasmnb.compile.diagnostics import Diagnostic
    from wasmnb.compile.process import Finished
    from wasmnb.wording import Text

__all__ = ["compile_error"]

_SHOWN = 4
_BUILD_FILES = ("CMakeLists.txt", "Makefile", "BUILD", "BUILD.bazel", "meson.build")

_NO_EXCEPTIONS = "exceptions are not available in a proxy's VM; return a bool, a WasmResult or a std::optional instead"
_NO_THREADS = "a filter runs in one thread and needs no locks; there are no threads in a proxy's VM"
_NO_FILES = "there are no files in a proxy's VM; read the plugin's configuration with getConfiguration()"
_NO_LIBRARY = Wording(
    "this library is not included: {} compiles the sources of a library that you have, {} names one that is headers "
    "alone; the SDK reads JSON: proxy_wasm_json.h",
    Option("libraries", "FOLDER", flag="--with"),
    Option("include", "FOLDER", flag="-I"),
)
_NO_PROTOBUF = (
    "the SDK's messages are its own and have no such header: there are the well-known types, repeated fields, maps and "
    "google/protobuf/util/json_util.h and time_util.h"
)
_NO_FILE = Wording(
    "write the header in a cell that begins with {}, or name its folder with {}",
    Verb("file", cell=True),
    Option("include", "FOLDER", flag="-I"),
    python=Wording(
        "keep the header with {}, or name its folder with {}",
        Verb("file", ("PATH", "SOURCE")),
        Option("include", "FOLDER"),
    ),
    terminal=Wording("put the header beside the source, or name its folder with {}", Option("include", "FOLDER")),
)
_NO_COPY = "a Json value is not copied: write const auto& in place of auto, and const Json& for a parameter"
_INCLUDE = 'begin the cell with #include "proxy_wasm_intrinsics.h"'

_MISSING = r"(?:no (?:member|type|template) named|unknown type name|undeclared identifier) '(?:std::)?"
_THREADS = r"\w*mutex|thread|jthread|\w+_lock|lock_guard|condition_variable|async|future|promise"
_THREAD_HEADERS = r"thread|\w*mutex|future|condition_variable|semaphore|barrier|latch|stop_token|pthread\.h"
_LIBRARIES = (
    r"absl/|re2/|boost/|openssl/|nlohmann/|rapidjson/|flatbuffers/|fmt/|spdlog/|yaml-cpp/|jwt_verify_lib/|zlib\.h"
)
_SDK_TYPES = r"Context|RootContext|ContextBase|RegisterContextFactory|WasmResult|WasmDataPtr|StringView|Filter\w+Status"
_SDK_FUNCTIONS = (
    r"CONTEXT_FACTORY|ROOT_FACTORY|LOG_\w+|log(?:Trace|Debug|Info|Warn|Error)|(?:add|get|replace)Re\w+Header"
)

#: A kind of complaint that has a page of its own, by the way out.
_CODES = {
    _NO_EXCEPTIONS: "WNB2021",
    _NO_THREADS: "WNB2021",
    _NO_FILES: "WNB2021",
    _NO_LIBRARY: "WNB2022",
    _NO_PROTOBUF: "WNB2022",
    _NO_FILE: "WNB2022",
}

#: What is looked for in a message, and the way out.
_HINTS = (
    (r"with exceptions disabled", _NO_EXCEPTIONS),
    (rf"{_MISSING}(?:{_THREADS})'|'(?:{_THREAD_HEADERS})' file not found", _NO_THREADS),
    (r"\b(?:basic_)?[io]?f(?:stream|ilebuf)\b|\bfilesystem\b", _NO_FILES),
    (r"deleted (?:copy )?(?:constructor|assignment operator) of '[^']*\bJson'", _NO_COPY),
    (r"'google/protobuf/[^']*' file not found", _NO_PROTOBUF),
    (rf"'(?:{_LIBRARIES})[^']*' file not found", _NO_LIBRARY),
    (rf"(?:unknown type name|undeclared identifier|unknown class name) '(?:{_SDK_TYPES}|{_SDK_FUNCTIONS})'", _INCLUDE),
    (r"'proxy_wasm_[^']*' file not found", _INCLUDE),
    (r"'[^']*' file not found", _NO_FILE),
)


def compile_error(
    found: Sequence[Diagnostic], finished: Finished, *, uses_sdk: bool, folder: str = "", files: Iterable[str] = ()
) -> CompileError | ToolchainError:
    """Make an error of what the compiler said: every place with its line.

    Parameters
    ----------
    found : sequence of Diagnostic
    finished : Finished
        The compiler's end, for when it broke down.
    uses_sdk : bool
        Whether the cell includes the SDK's header.
    folder : str
        The project's; empty for a cell.
    files : iterable of str
        The paths of the filter's files.
    """
    errors = [diagnostic for diagnostic in found if diagnostic.severity == "error"]
    if not errors or finished.code < 0:
        return ToolchainError(
            "The compiler crashed.",
            why=[*(error.message for error in errors[:1]), *finished.messages.strip().splitlines()[:4]],
            hint=Wording("change the lines you edited last; if that does not help, run {}", Verb("doctor")),
            code="WNB2005",
        )
    first = next((error for error in errors if error.text == "cell" and error.line), errors[0])
    others = [error for error in errors if error is not first]
    why = [f"{note.place}: {note.message}" for note in first.notes[:2] if note.line]
    why += listed(others)
    made = _generated(first, folder) or _messages(first, files)
    hint = made or _macro(first, folder) or _hint([first, *others])
    place = first.text if "." in first.text and first.quote else "The cell"
    return CompileError(
        f"{place} does not compile: {first.message.rstrip('.')}.",
        where=first.place,
        why=why,
        hint=_header(first) or ("" if hint == _INCLUDE and uses_sdk else hint),
        diagnostics=found,
        code=_CODES[_NO_FILE] if made else _CODES.get(hint, ""),
    )


def _generated(error: Diagnostic, folder: str) -> Wording | None:
    """Say what to do about a header that is in no repository, because bazel makes it or fetches it for a build."""
    missing = re.search(r"'([^']+)' file not found", error.message)
    if not missing or not folder:
        return None
    header = PurePosixPath(missing[1])
    top = top_of(Path(folder))
    for build in (top / header.parent / name for name in ("BUILD", "BUILD.bazel")):
        try:
            text = build.read_text("utf-8", "replace")
        except OSError:
            # There is none, or it says nothing to us.
            continue
        rules = re.split(r"^(?=\w+\()", text, flags=re.MULTILINE)
        rule = next((each for each in rules if re.search(rf'\bouts\b[^\]]*"{re.escape(header.name)}"', each)), None)
        if rule is not None:
            taken = re.search(r'"@(\w+)//', rule)
            return Wording(
                "bazel makes {} for a build{}, as {} says: put that file there, or as {} into a folder that {} names",
                header.name,
                f", of @{taken[1]}" if taken else "",
                build.relative_to(top).as_posix(),
                str(header),
                Option("include", "FOLDER", flag="-I"),
            )
    return None


def _macro(error: Diagnostic, folder: str) -> Wording | None:
    """Say how a macro is given that a build file defines: it is read by other tools than ours."""
    missing = re.search(r"undeclared identifier '([A-Z][A-Z0-9_]+)'", error.message)
    if not missing or not folder:
        return None
    for name in _BUILD_FILES:
        for path in (Path(folder, name), Path(folder).parent / name):
            with suppress(OSError):
                if re.search(rf"\b{missing[1]}\b", path.read_text("utf-8", "replace")):
                    gives, flag = f"if it is the macro of {name}, {{}} gives it", f"-D{missing[1]}=VALUE"
                    return Wording(
                        gives, Option("flags", flag, flag="--flag"), python=gives.format(f"flags=[{flag!r}]")
                    )
    return None


def _messages(error: Diagnostic, files: Iterable[str]) -> Wording | str | None:
    """Say what to do about a header of messages, which is made of a file that the filter does not have."""
    missing = re.search(r"'(?!google/protobuf/)([^']+)\.pb\.h' file not found", error.message)
    if not missing:
        return None
    name = PurePosixPath(missing[1]).name
    same = sorted(path for path in files if PurePosixPath(path).name == f"{name}.proto")
    if len(same) > 1:
        header = same[0].removesuffix(".proto") + ".pb.h"
        return f'{" and ".join(same[:_SHOWN])} have that name: say which, as in #include "{header}"'
    made = f"the messages of {name}.pb.h are made of {name}.proto"
    if same or missing[1].startswith("../"):
        there = "" if same else "put that file into the folder, and "
        return f'{made}: {there}write #include "{name}.pb.h"'
    return Wording(
        f"{made}: write that file in a cell that begins with {{}}",
        Verb("file", (f"{name}.proto",), cell=True),
        python=Wording(f"{made}: keep it with {{}}", Verb("file", (f"{name}.proto", "SOURCE"))),
        terminal=f"{made}: put that file beside the source",
    )


def _header(error: Diagnostic) -> str:
    """Give the header of the SDK that a misspelt one is near."""
    missing = re.search(r"'([^']+)' file not found", error.message)
    return did_you_mean(missing[1], (path.name for path in include_dir.glob("*.h"))) if missing else ""


def _hint(errors: Sequence[Diagnostic]) -> Text:
    for error in errors[:_SHOWN]:
        for pattern, hint in _HINTS:
            if re.search(pattern, error.message):
                return hint
    return ""
