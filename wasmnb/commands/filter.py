"""The command that makes a filter of a cell."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from wasmnb.commands.ask import asking
from wasmnb.commands.command import Argument, Command, Option, method
from wasmnb.errors import UsageError
from wasmnb.options import options_of
from wasmnb.session.options.build import FilterCall

if TYPE_CHECKING:
    from collections.abc import Mapping

    from wasmnb.session import FilterResult

__all__ = ["COMMANDS", "variable"]


def variable(name: str) -> str:
    """Give the Python variable that a filter is bound to: ``header-filter`` is ``header_filter``."""
    word = re.sub(r"\W", "_", name)
    return word if word.isidentifier() else f"_{word}"


def _name(word: object) -> str:
    if not isinstance(word, str) or not word.isidentifier():
        raise UsageError(f"--out {word!r} is not the name of a variable.", hint="for instance --out header_filter")
    return word


def _bind(result: FilterResult, own: Mapping[str, Any], names: dict[str, Any]) -> FilterResult:
    name = own.get("out") or variable(result.filter.name)
    names[name] = result.filter
    return replace(result, variable=name)


COMMANDS = (
    Command(
        "wasm_filter",
        "Compile the cell below to a filter, and deploy it when asked to.",
        asking(method("filter"), "deploy"),
        (Argument("name", "what to call the filter, and its plugin and image", True, "filters"),),
        (
            *options_of(FilterCall),
            Option(("--out", "-o"), "Python variable for the Filter (default: the name with _ for -)", "NAME", _name),
        ),
        (
            "%%wasm_filter header-filter",
            """%%wasm_filter header-filter --deploy app=details --config '{"name": "hello", "value": "world"}'""",
            "%wasm_filter header-filter",
        ),
        body=True,
        slow=True,
        own=("out",),
        after=_bind,
    ),
    Command(
        "wasm_file",
        "Keep the cell below as a file that filters include: a header, a source, a .proto; show one that is kept.",
        method("file"),
        (Argument("path", "the name by which it is included, such as util.h or filter.proto", True, "files"),),
        (
            Option(
                ("--filter",),
                "keep it for this filter only (default: for every one that includes it)",
                "NAME",
                repeat=True,
                values="filters",
                keyword="filters",
            ),
        ),
        ("%%wasm_file util.h", "%%wasm_file filter.proto", "%%wasm_file bucket.cc --filter rate-limit"),
        body=True,
    ),
)
