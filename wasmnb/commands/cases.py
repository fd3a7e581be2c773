"""The magics that run the cases of a filter, and count what it does in them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from wasmnb.commands.command import Argument, Command, Option, method
from wasmnb.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from wasmnb.cases import TestResults

__all__ = ["COMMANDS"]

_FORMATS = ("table", "junit")


def _format(word: object) -> str:
    if word not in _FORMATS:
        raise UsageError(f"There is no output format {word!r}.", hint=f"one of {', '.join(_FORMATS)}")
    return str(word)


def _told(results: TestResults, own: Mapping[str, Any], _names: dict[str, Any]) -> TestResults | None:
    from wasmnb.cases import CasesFailedError, junit  # noqa: PLC0415 - for those who have cases

    xml = own.get("output") == "junit"
    if xml:
        print(junit(results))  # noqa: T201 - what was asked for
    if not results.passed:
        raise CasesFailedError.of(results)
    return None if xml else results


COMMANDS = (
    Command(
        "wasm_test",
        "Run the cases below on a filter, each in a fresh VM of a real Envoy; or those of a project folder.",
        method("test"),
        (Argument("name", "a filter, or the folder of a project", True, "filters"),),
        (
            Option(
                ("--host",),
                "envoy, emulator, or auto: an Envoy, and the emulator for what an Envoy cannot do",
                "HOST",
                values="auto|envoy|emulator",
            ),
            Option(("--output", "-o"), "table, or junit: XML for a CI", "FORM", _format, values="table|junit"),
            Option(("--save",), "a folder to write the cases to", "FOLDER"),
        ),
        ("%%wasm_test header-filter", "%wasm_test ./my-filter --host emulator", "%wasm_test ./my-filter -o junit"),
        body=True,
        slow=True,
        own=("output",),
        after=_told,
    ),
    Command(
        "wasm_bench",
        "Count the WebAssembly instructions of each callback in the filter's cases, and time it in an Envoy.",
        method("bench"),
        (Argument("name", "a filter, a .wasm file, or the folder of a project", True, "filters"),),
        (
            Option(("--against",), "an earlier build: an image's tag or digest, a .wasm file, a filter", "BUILD"),
            Option(("--budget",), "by how much it may grow: instructions=+5%", "LIMIT", repeat=True),
            Option(("--no-envoy",), "count alone: what is the same in each run"),
        ),
        (
            "%wasm_bench header-filter",
            "%wasm_bench ./guard --against local/guard:v1 --budget instructions=+5%",
        ),
        slow=True,
    ),
)
