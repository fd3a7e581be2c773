"""Reasons why Envoy 1.40 would not load a module, or would not survive it, in the user's words.

Every rule here is held against a real Envoy by ``tests/module/test_problems.py``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import chain, islice
from typing import TYPE_CHECKING

from wasmnb.display.text import several
from wasmnb.errors import ModuleError
from wasmnb.module.envoy_abi import ABIS, ALLOCATORS, HIGRESS, HIGRESS_ABI, MARKER, callbacks, functions

if TYPE_CHECKING:
    from collections.abc import Iterator

    from wasmnb.module.parse import Binary, Import

__all__ = ["Problem", "abi_of", "find_problems", "find_remarks"]

_MOST = 50
_QUOTED = 200
_OTHER_IN_ENVOY = frozenset({"path_link", "path_symlink"})
_MISSPELT = 0.9
_MAX_PAGES = 16384  # Proxy-Wasm's C++ host allows V8 one GiB per module
_PAGES_PER_MIB = 16
_INDEX = re.compile(r"0|[1-9][0-9]{0,9}")
_MAX_INDEX = 2**32 - 1
_TRAFFIC = {
    f"proxy_on_{name}"
    for way in ("request", "response")
    for name in (f"{way}_headers", f"{way}_body", f"{way}_trailers", f"{way}_metadata")
} | {f"proxy_on_{name}" for name in ("new_connection", "downstream_data", "upstream_data", "log", "done")}
_CONSTRUCTORS = "__wasm_call_ctors"
_MARKERS = {MARKER + abi.replace(".", "_"): abi for abi in ABIS}
_BROKEN = "see whether the file is what the build wrote"
_NO_EXCEPTIONS = "compile with -fno-exceptions; proxies offer no C++ exceptions to a module"
_HINTS = {
    "env.abort": "compile AssemblyScript with --use abort=abort_proc_exit",
    "env.seed": "compile AssemblyScript without Math.random, or with the WASI shim",
    "env.__cxa_throw": _NO_EXCEPTIONS,
    "env.__cxa_allocate_exception": _NO_EXCEPTIONS,
    "env.__cxa_begin_catch": _NO_EXCEPTIONS,
    "env.__cxa_atexit": "link the C library (libc) and crt1-reactor.o into the module",
    "env.__linear_memory": "this is an object file: link it with wasm-ld first",
}
_MODULE_HINTS = {
    "go": "compile Go with GOOS=wasip1 GOARCH=wasm -buildmode=c-shared",
    "gojs": "compile Go with GOOS=wasip1 GOARCH=wasm -buildmode=c-shared",
    "wasi_snapshot_preview2": "build for wasm32-wasip1",
    "__wbindgen_placeholder__": "build Rust for wasm32-wasip1 without wasm-bindgen",
    "wbg": "build Rust for wasm32-wasip1 without wasm-bindgen",
    "GOT.mem": "link a static module: no -fPIC, no -shared",
    "GOT.func": "link a static module: no -fPIC, no -shared",
}


@dataclass(frozen=True)
class Problem:
    """Something about a module that keeps it from running.

    Parameters
    ----------
    what : str
        A sentence that names the thing.
    hint : str
        What to do about it.
    why : tuple of str
        Quoted lines, when there are any.
    but_for : str
        Whose Envoy it is no problem for; empty when it is one everywhere.
    """

    what: str
    hint: str
    why: tuple[str, ...] = ()
    but_for: str = ""

    def __str__(self) -> str:
        return self.what

    def to_dict(self) -> dict[str, object]:
        """Give the problem as plain JSON values."""
        return {"what": self.what, "hint": self.hint, "why": list(self.why)}

    def error(self, of: str, more: int = 0) -> ModuleError:
        """Give the problem as an error of the module ``of``; ``more`` is how many others it has."""
        others = [f"and {several(more, 'more problem')}; module.facts.problems has them all"] if more else []
        return ModuleError(f"Module {of!r}: {self.what}", why=[*self.why, *others], hint=self.hint, code="WNB3006")


def abi_of(binary: Binary) -> str | None:
    """Give the ABI version of a module, the way Envoy reads it: the first marker function that it knows."""
    names = [item.name for item in binary.exports if item.kind == "func"]
    found = next((_MARKERS[name] for name in names if name in _MARKERS), None)
    return found or (HIGRESS_ABI if MARKER + HIGRESS_ABI.replace(".", "_") in names else None)


def find_problems(binary: Binary, language: str | None) -> tuple[Problem, ...]:
    """Find everything about a module that Envoy refuses, or that makes it crash or hang.

    Parameters
    ----------
    binary : Binary
        A module whose format is right.
    language : str or None
        What the module was written in, for better hints.

    Returns
    -------
    tuple of Problem
        Most telling first; no more than 50.
    """
    abi = abi_of(binary)
    rules = (_imports, _callbacks, _allocator, _tags, _numbers, _memory, _names, _constructors)
    found = chain.from_iterable(rule(binary, abi or ABIS[-1]) for rule in rules)
    first = [] if abi in ABIS else [_marker(binary, language)]
    return tuple(islice(chain(first, _go_command(binary, language), found), _MOST))


def find_remarks(binary: Binary) -> tuple[Problem, ...]:
    """Find what Envoy accepts and the author may not expect."""
    exported = {item.name for item in binary.exports if item.kind == "func"}
    remarks = []
    if "__main_void" in exported and "_initialize" in exported:
        remarks.append(
            Problem(
                "The module exports __main_void, and Envoy calls it once after _initialize.",
                "nothing, if main() is meant to run; else do not export it",
            )
        )
    if not exported & {"_initialize", "_start"} and _runs_constructors(binary):
        remarks.append(
            Problem(
                f"The module exports {_CONSTRUCTORS} and no _initialize, and Envoy does not call the former.",
                "link crt1-reactor.o (clang: -mexec-model=reactor), unless the filter calls its constructors itself",
            )
        )
    if any(name.startswith("proxy_on_") for name in exported) and not exported & _TRAFFIC:
        remarks.append(
            Problem(
                "The module exports no callback of requests, responses or connections, so traffic passes it by.",
                "nothing, if it is meant to work by timers or queues alone; else look for a misspelt callback",
            )
        )
    return tuple(remarks)


def _marker(binary: Binary, language: str | None) -> Problem:
    other = [item.name for item in binary.exports if item.name.startswith(MARKER)]
    wanted = f"{MARKER}{ABIS[-1].replace('.', '_')}"
    if other:
        version = other[0].removeprefix(MARKER).replace("_", ".")[:_QUOTED]
        return Problem(
            f"The module speaks Proxy-Wasm ABI {version}; Envoy 1.40 speaks {', '.join(ABIS)}.",
            f"build it with an SDK that exports {wanted}"
            + (", or render or deploy it for Higress, whose ABI it is" if version == HIGRESS_ABI else ""),
            but_for=HIGRESS if version == HIGRESS_ABI else "",
        )
    if not any(item.name.startswith("proxy_on_") for item in binary.exports):
        hint = "build a Proxy-Wasm filter with a Proxy-Wasm SDK; this looks like a WebAssembly program for another host"
        if language in ("cpp", "c", None):
            hint = "export the filter's functions (wasm-ld: --export-dynamic), and build it with a Proxy-Wasm SDK"
        return Problem("The module does not say which Proxy-Wasm ABI it speaks, and exports no callback.", hint)
    return Problem(
        f"The module does not say which Proxy-Wasm ABI it speaks: it exports no {wanted} function.",
        "build it again with a current SDK: those of 2019 and early 2020 did not write the marker yet",
    )


def _go_command(binary: Binary, language: str | None) -> Iterator[Problem]:
    exported = {item.name for item in binary.exports if item.kind == "func"}
    if language == "go" and "_start" in exported and "_initialize" not in exported:
        yield Problem(
            "The module is a Go command: its _start runs to the end of the program, and Envoy stops it there.",
            "build it as a reactor: GOOS=wasip1 GOARCH=wasm go build -buildmode=c-shared",
        )


def _imports(binary: Binary, abi: str) -> Iterator[Problem]:
    known = functions(abi)
    for item in binary.imports:
        if item.kind == "func":
            wanted = known.get(str(item))
            if wanted is None and abi == HIGRESS_ABI and str(item).startswith("env.proxy_"):
                continue  # nobody has measured which functions that Envoy has besides
            if wanted is None:
                yield _unknown(item, abi)
            elif item.type != wanted:
                hint = "declare the function as the Proxy-Wasm specification does, or use an SDK that does"
                if item.name in _OTHER_IN_ENVOY:
                    hint = "Envoy has it otherwise than WASI, and no files: leave out what links files"
                yield Problem(f"The module imports {item} as {item.type}; Envoy's is {wanted}.", hint)
        elif item.kind == "global":
            hint = _MODULE_HINTS.get(item.module, "link the module so that it defines the global itself")
            yield Problem(f"The module imports the global {str(item)[:_QUOTED]}, and Envoy offers no globals.", hint)
        elif item.kind == "tag":
            yield Problem(
                f"The module imports the exception tag {str(item)[:_QUOTED]}, which crashes Envoy 1.40.",
                "define the tag in the module, hidden; or " + _NO_EXCEPTIONS,
            )


def _unknown(item: Import, abi: str) -> Problem:
    name = str(item)
    if len(name) > _QUOTED:
        return Problem(f"The module imports {name[:_QUOTED]}..., and Envoy 1.40 has no such function.", _BROKEN)
    versions = [other for other in ABIS if name in functions(other)]
    if versions:
        return Problem(
            f"The module imports {name}, which ABI {', '.join(versions)} has and ABI {abi} has not.",
            f"export {MARKER}{versions[-1].replace('.', '_')} in place of {abi.replace('.', '_')}, or do without it",
        )
    hint = _HINTS.get(name) or _MODULE_HINTS.get(item.module, "")
    if not hint and item.module.startswith("wasi:"):
        hint = "build a core module: target wasm32-wasip1, not wasm32-wasip2"
    if not hint:
        close = get_close_matches(name, functions(abi), n=1, cutoff=_MISSPELT)
        hint = "define the function in the module, or do without it"
        if close:
            hint = f"did you mean {close[0]}?"
        elif name.startswith("env.proxy_"):
            hint = "a proxy for which this SDK is made may have it: leave out what calls it"
    return Problem(f"The module imports {name}, and Envoy 1.40 has no such function.", hint)


def _callbacks(binary: Binary, abi: str) -> Iterator[Problem]:
    exported = {item.name: item.type for item in binary.exports if item.kind == "func"}
    reactor = "_initialize" in exported
    wanted = callbacks(abi, reactor=reactor)
    for name, type_ in exported.items():
        unused = name == ALLOCATORS[1] and ALLOCATORS[0] in exported
        if unused or name not in wanted or type_ == wanted[name]:
            continue
        other = ABIS[-1] if abi == ABIS[0] else ABIS[0]
        hint = "declare the callback as the Proxy-Wasm specification does, or use an SDK that does"
        if callbacks(other, reactor=reactor).get(name) == type_:
            hint = f"ABI {other} has it like this: change the function, or the ABI marker"
        yield Problem(f"The module exports {name} as {type_}; with ABI {abi} it must be {wanted[name]}.", hint)


def _allocator(binary: Binary, abi: str) -> Iterator[Problem]:
    del abi
    if not any(item.kind == "func" and item.name in ALLOCATORS for item in binary.exports):
        yield Problem(
            "The module exports no allocator, so Envoy has no memory to hand data over in.",
            "export malloc (wasm-ld: --export=malloc) or proxy_on_memory_allocate",
        )


def _tags(binary: Binary, abi: str) -> Iterator[Problem]:
    del abi
    for item in binary.exports:
        if item.kind == "tag":
            yield Problem(
                f"The module exports the exception tag {item.name[:_QUOTED]}, which crashes Envoy 1.40.",
                "declare the tag hidden (.hidden), or compile with -fno-exceptions",
            )


def _memory(binary: Binary, abi: str) -> Iterator[Problem]:
    del abi
    pages = max(binary.memory_pages, default=0)
    if pages > _MAX_PAGES:
        yield Problem(
            f"The module wants {pages // _PAGES_PER_MIB:,} MiB of memory at its start; Envoy gives a module 1,024.",
            "lower its initial memory or its stack (wasm-ld: --initial-memory, -z stack-size)",
        )
    kinds = {item.kind for item in binary.exports} | {item.kind for item in binary.imports}
    if "memory" not in kinds and binary.imported_functions:
        yield Problem(
            "The module exports no memory, and the first host call with a pointer would crash Envoy 1.40.",
            "export the memory (wasm-ld does unless told otherwise)",
        )


def _numbers(binary: Binary, abi: str) -> Iterator[Problem]:
    del abi
    for item in binary.exports:
        # V8 takes such a name for an array index where Envoy's build of it expects a property.
        if _INDEX.fullmatch(item.name) and int(item.name) < _MAX_INDEX:
            yield Problem(
                f"The module exports {item.name!r}, and an export whose name is a number crashes Envoy 1.40.",
                "give the export a name that does not look like a number",
            )


def _names(binary: Binary, abi: str) -> Iterator[Problem]:
    del abi
    try:
        binary.function_names  # noqa: B018 - read for what it raises
    except ModuleError as error:
        yield Problem(
            "The module's name section is malformed, and Envoy reads it to name functions in backtraces.",
            "strip the module (wasmnb.module.stamp.strip), or build it again",
            error.why,
        )


def _constructors(binary: Binary, abi: str) -> Iterator[Problem]:
    """Find a module that was linked as a command: each export runs all constructors before its own code."""
    del abi
    exported = [item for item in binary.exports if item.kind == "func"]
    if any(item.name in ("_initialize", "_start") for item in exported):
        return
    first = len(binary.imported_functions)
    own = [item.index for item in exported if item.index >= first]
    called = {_first_call(binary, index - first) for index in own}
    target = called.pop() if len(called) == 1 else None
    if len(own) > 1 and target is not None:
        yield Problem(
            "The module exports neither _initialize nor _start, and each of its callbacks runs all static constructors"
            " again: its state is lost between calls, and Envoy hangs when a static map meets that.",
            "link crt1-reactor.o (clang: -mexec-model=reactor), which gives the module its _initialize",
        )


def _first_call(binary: Binary, own: int) -> int | None:
    """Give the function that a function of the module's own calls before anything else, if it does."""
    body = binary.bodies[own]
    code = binary.wasm[body.start : body.end]
    if code[:2] != b"\0\x10":  # no locals, then the call instruction
        return None
    return binary.reader(body.start + 2, body.end).leb()


def _runs_constructors(binary: Binary) -> bool:
    for item in binary.exports:
        if item.name == _CONSTRUCTORS and item.kind == "func" and item.index >= len(binary.imported_functions):
            body = binary.bodies[item.index - len(binary.imported_functions)]
            return binary.wasm[body.start : body.end] != b"\0\x0b"
    return False
