"""The compiler's complaints as one error, with a hint for what a filter's author often meets."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from wasmnb.errors import CompileError, ToolchainError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wasmnb.build.diagnostics import Diagnostic
    from wasmnb.build.process import Finished

__all__ = ["compile_error"]

_SHOWN = 4

_NO_THREADS = "a filter runs in one thread and needs no locks; there are no threads in a proxy's VM"
_NO_FILES = "there are no files in a proxy's VM; read the plugin configuration with getBufferBytes or getConfiguration"
_INCLUDE = 'begin the cell with #include "proxy_wasm_intrinsics.h"'
_SDK_NAMES = (
    "Context|RootContext|ContextBase|RegisterContextFactory|CONTEXT_FACTORY|ROOT_FACTORY|WasmResult|WasmDataPtr|"
    "FilterHeadersStatus|FilterDataStatus|FilterTrailersStatus|FilterStatus|StringView|LOG_\\w+|log(?:Info|Warn|Error|Debug)"
)
_HINTS = (
    (
        r"cannot use '(?:throw|try)' with exceptions disabled",
        "exceptions are not available in a proxy's VM; return a bool, a WasmResult or a std::optional instead",
    ),
    (
        (
            r"(?:no (?:member|type|template) named|unknown type name|undeclared identifier) '(?:std::)?(?:\w*mutex|thread|jthread|"
            r"lock_guard|unique_lock|scoped_lock|shared_lock|condition_variable|async|future|promise)'"
        ),
        _NO_THREADS,
    ),
    (
        r"'(?:thread|mutex|shared_mutex|future|condition_variable|semaphore|barrier|latch|stop_token|pthread\.h)' file not found",
        _NO_THREADS,
    ),
    (r"\b(?:i|o|)fstream\b", _NO_FILES),
    (r"std::filesystem|named 'filesystem'", _NO_FILES),
    (
        r"'(?:absl/|google/protobuf|re2/|boost/|nlohmann/|rapidjson/)[^']*' file not found",
        "this library is not included; the SDK reads JSON, see the template's comment on the configuration",
    ),
    (r"\.(?:pb|proto)\.?h?' file not found", "protobuf is not included; read the configuration as JSON instead"),
    (r"'proxy_wasm_\w+\.h' file not found", _INCLUDE),
    (r"__builtin_wasm_throw|undefined exception", "exceptions are not available in a proxy's VM"),
)


def compile_error(found: Sequence[Diagnostic], finished: Finished) -> CompileError | ToolchainError:
    """Make an error of what the compiler said: the first place with its line, and the count of the others.

    Parameters
    ----------
    found : sequence of Diagnostic
    finished : Finished
        The compiler's end, for when it broke down.
    """
    errors = [diagnostic for diagnostic in found if diagnostic.severity == "error"]
    if not errors or finished.code < 0:
        return ToolchainError(
            "The compiler broke down.",
            why=[*(error.message for error in errors[:1]), *finished.messages.strip().splitlines()[:4]],
            hint="change the lines you edited last; if that does not help, run %wasm_doctor",
        )
    first = next((error for error in errors if error.text == "cell" and error.line), errors[0])
    others = [error for error in errors if error is not first]
    why = [str(note).replace(": note:", ":") for note in first.notes[:2] if note.line]
    why += [str(error) for error in others[: _SHOWN - 1]]
    if len(others) >= _SHOWN:
        why.append(f"and {len(others) - _SHOWN + 1} more errors")
    message = first.message.rstrip(".")
    error = CompileError(
        f"The cell does not compile: {message}.",
        where=first.place,
        why=why,
        hint=_hint(errors, found),
    )
    error.diagnostics = tuple(found)
    return error


def _hint(errors: Sequence[Diagnostic], found: Sequence[Diagnostic]) -> str:
    for error in errors[:_SHOWN]:
        for pattern, hint in _HINTS:
            if re.search(pattern, error.message) or (re.search(pattern, error.quote) and "fstream" in pattern):
                return hint
    if re.search(
        rf"(?:unknown type name|undeclared identifier|expected class name|unknown class name).*?'?(?:{_SDK_NAMES})?'?",
        errors[0].message,
    ) and re.search(rf"'(?:{_SDK_NAMES})'|expected class name", errors[0].message):
        return _INCLUDE
    return ""
