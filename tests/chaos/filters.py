"""Filters that mark responses with their build and configuration, and do harm where a request's path asks for it."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from tests.conformance.languages import SUFFIXES, prepare
from tests.mesh.tiny import build, header
from wasmnb.compile import Filter
from wasmnb.image import package
from wasmnb.module import Module

TAG, CONFIG = "x-tag", "x-config"
TRAPS, HANGS, REFUSES = "!", "~", "^"
"""What a path has that makes the filter trap on the response, never come back, or answer 403 itself."""
BUILDS = tuple("abcdef")
LANGUAGES = tuple(SUFFIXES)
LYING = "lying"

_TAGS: dict[str, str] = {}
_HERE = Path(__file__).parent / "marking"


def tag_of(digest: str) -> str:
    """Give the mark of an image that was made here; empty for one that marks nothing."""
    return _TAGS.get(digest, "")


def _known(module: Module, tag: str) -> Module:
    _TAGS[package(module).digest] = tag
    return module


_REQUEST = f"""\
evil = path_has('{TRAPS}');
if (path_has('{HANGS}')) hang();
if (path_has('{REFUSES}')) {{ respond(403); return 1; }}"""
# Buffer 7 is the plugin's configuration (proxy-wasm ABI 0.2.1).
_CONFIGURE = "get_buffer(7, 0, n, &text, &length)"
_RESPONSE = "if (evil) __builtin_trap(); {tag}; if (length) add_header(2, {config}, text, length)"


@cache
def marking(tag: str) -> Module:
    """A filter that adds ``x-tag: <tag>`` and ``x-config: <its configuration>`` to each response."""
    response = _RESPONSE.format(tag=header(TAG, tag), config=f'"{CONFIG}", {len(CONFIG)}')
    return _known(build(f"chaos-{tag}", request=_REQUEST, configure=_CONFIGURE, response=response), tag)


@cache
def written_in(language: str) -> Module:
    """Give one that does the same, but for the endless loop, written in a language on its SDK; its mark names it."""
    prepare(language)
    source = (_HERE / f"marking.{SUFFIXES[language]}").read_text("utf-8")
    return _known(Filter("chaos-in", source, language).build(), language)


def always_trapping() -> Module:
    """A filter that traps on each response."""
    return build("chaos-always", response="__builtin_trap()")


def refusing() -> Module:
    """A filter that answers each request itself, so that none that comes after it sees one."""
    return build("chaos-refusing", request="respond(403); return 1")


def missing_import() -> Module:
    """A module that calls a function which no Envoy has."""
    return build("chaos-missing", response="extern int no_such_function(void); no_such_function()")


def unconfigurable() -> Module:
    """A filter that refuses every configuration."""
    return build("chaos-unconfigurable", configure="return 0")


def endless() -> Module:
    """A filter whose configuration never ends."""
    return build("chaos-endless", configure="hang()")


def lying() -> Module:
    """A filter that acts, and logs on each response what an Envoy would say of one that was refused or crashed."""
    words = (
        "[1][error][wasm] Function: proxy_on_response_headers failed: Uncaught RuntimeError: unreachable",
        "Failed to load Wasm module due to a missing import: env.nothing",
        "Plugin configured to fail closed failed to load",
    )
    logs = " ".join(f'log_line(4, "{text}", {len(text)});' for text in words)
    return _known(build("chaos-lying", response=f"{logs} {header(TAG, LYING)}"), LYING)
