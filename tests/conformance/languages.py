"""What the tests need of a language: its filters as text, and a toolchain that is ready."""

from __future__ import annotations

from pathlib import Path

from tests.rust.conftest import rust
from wasmnb.compile import Filter
from wasmnb.compile.assemblyscript.toolchain import AssemblyScriptToolchain
from wasmnb.compile.go.toolchain import GoToolchain
from wasmnb.compile.languages import toolchain

SUFFIXES = {"cpp": "cc", "rust": "rs", "go": "go", "assemblyscript": "ts"}
#: The ABI that each SDK is for.
ABIS = {"cpp": "0.2.1", "rust": "0.2.1", "go": "0.2.0", "assemblyscript": "0.2.1"}

_HERE = Path(__file__).parent
_ARTICLE = Path(__file__).parents[2] / "benchmarks" / "article"


def obedient(language: str) -> Filter:
    """Give the filter that obeys a request's path (`tests.conformance.behaviours`)."""
    text = (_HERE / f"obedient.{SUFFIXES[language]}").read_text(encoding="utf-8")
    return Filter("obedient", text, language)


def article(language: str) -> Filter:
    """Give the article's filter."""
    text = (_ARTICLE / f"add_header.{SUFFIXES[language]}").read_text(encoding="utf-8")
    return Filter("header-filter", text, language)


def prepare(language: str) -> None:
    """Have the compiler and the SDK ready, in the user's cache, because the network is slow.

    Raises
    ------
    ToolchainError
    """
    found = toolchain(language)
    if isinstance(found, GoToolchain | AssemblyScriptToolchain):
        found.prepare()
    elif language == "rust":
        rust()
