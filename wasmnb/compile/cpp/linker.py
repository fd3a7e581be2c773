"""From the cell's object to a module, with every undefined symbol shown at its line."""

from __future__ import annotations

import contextlib
import difflib
import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

from wasmnb.compile import process
from wasmnb.compile.cpp import C
from wasmnb.compile.cpp.compiler import SDK
from wasmnb.compile.diagnostics import Diagnostic, Edit, Fix, line_of
from wasmnb.compile.errors import LinkError
from wasmnb.compile.process import Finished, end, finish, run
from wasmnb.compile.runtime import LIBRARIES
from wasmnb.compile.zig import zig
from wasmnb.errors import ToolchainError
from wasmnb.module.parse import parse
from wasmnb.wording import Option, Verb, Wording

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from wasmnb.compile.cache import Entry
    from wasmnb.compile.cpp.libraries import Libraries
    from wasmnb.compile.cpp.source import Source
    from wasmnb.wording import Text

__all__ = ["OPTIONS", "Texts", "host_functions", "idle", "link", "waiting"]

# What every module exports (Proxy-Wasm ABI 0.1.0 to 0.2.1), as far as it has it. Exporting by name, because exporting
# every visible symbol would keep all of operator new and delete.
_ALWAYS = (
    "proxy_abi_version_0_1_0",
    "proxy_abi_version_0_2_0",
    "proxy_abi_version_0_2_1",
    "proxy_on_memory_allocate",
    "proxy_on_context_create",
    # Refuses a root id that no class is registered under.
    "proxy_on_configure",
    "proxy_on_delete",
)
# Callbacks that a proxy passes over when a module does not have them; it compiles what is there at every load. So they
# are exported when a filter uses or overrides one of these functions.
_WHEN_USED = {
    "proxy_on_vm_start": ("onStart",),
    "proxy_validate_configuration": ("validateConfiguration",),
    "proxy_on_tick": ("onTick",),
    "proxy_on_queue_ready": ("onQueueReady",),
    "proxy_on_foreign_function": ("onForeignFunction",),
    "proxy_on_done": ("onDone", "onDoneBase"),
    "proxy_on_log": ("onLog",),
    "proxy_on_new_connection": ("onNewConnection",),
    "proxy_on_downstream_data": ("onDownstreamData",),
    "proxy_on_upstream_data": ("onUpstreamData",),
    "proxy_on_downstream_connection_close": ("onDownstreamConnectionClose",),
    "proxy_on_upstream_connection_close": ("onUpstreamConnectionClose",),
    "proxy_on_request_headers": ("onRequestHeaders",),
    "proxy_on_request_body": ("onRequestBody",),
    "proxy_on_request_trailers": ("onRequestTrailers",),
    "proxy_on_request_metadata": ("onRequestMetadata",),
    "proxy_on_response_headers": ("onResponseHeaders",),
    "proxy_on_response_body": ("onResponseBody",),
    "proxy_on_response_trailers": ("onResponseTrailers",),
    "proxy_on_response_metadata": ("onResponseMetadata",),
    "proxy_on_http_call_response": ("onHttpCallResponse", "httpCall"),
    **dict.fromkeys(
        (
            "proxy_on_grpc_receive_initial_metadata",
            "proxy_on_grpc_receive_trailing_metadata",
            "proxy_on_grpc_receive",
            "proxy_on_grpc_close",
        ),
        (
            "onGrpcReceiveInitialMetadata",
            "onGrpcReceiveTrailingMetadata",
            "onGrpcReceive",
            "onGrpcClose",
            "grpcSimpleCall",
            "grpcCallHandler",
            "grpcStreamHandler",
        ),
    ),
}
_EXPORTED_ANYWAY = ("onConfigure", "onCreate", "onDelete")
# Every class that does not override one of these has the SDK's own in its table of virtual functions. Names as the
# object has them (Itanium C++ ABI, 5.1.4: each behind its length).
_INHERITED = re.compile(rb"_ZN(?:11ContextBase|11RootContext|7Context)\d+(?:on[A-Z]|validate)")

#: A stack that overflows traps, because it lies below the data; 256 KiB are enough for iostream and regex.
OPTIONS = (
    "--no-entry",
    "--export=malloc",
    *(f"--export-if-defined={name}" for name in _ALWAYS),
    "--gc-sections",
    "--stack-first",
    "-z",
    "stack-size=262144",
    "--build-id=none",
    # A function that is declared with another signature than it has would be linked to a trap.
    "--fatal-warnings",
    "--error-limit=0",
)

_UNDEFINED = re.compile(r"error: (?P<file>.+?): undefined symbol: (?P<symbol>.+)")
_UNDEFINED_SYMBOL = re.compile(r"undefined symbol: (.+)")
_DUPLICATE = re.compile(r"error: duplicate symbol: (?P<symbol>.+)")
_DEFINED = re.compile(r"^>>> defined in (.+)$", re.MULTILINE)
_MISMATCH = re.compile(r"(?:error|warning): function signature mismatch: (?P<symbol>.+)")
_DECLARED = re.compile(r"\b([A-Za-z_]\w{3,})\s*\(")
_KINDS = ("vtable for ", "typeinfo for ", "typeinfo name for ", "VTT for ")
_FEW = 3
_SOURCES = Wording(
    "{} brings headers alone: {} compiles the library's sources too",
    Option("include", flag="-I"),
    Option("libraries", "FOLDER", flag="--with"),
)
_NOWHERE = Wording(
    "define it in the cell, call a function of the SDK, or name the folder of the library that has it with {}",
    Option("libraries", "FOLDER", flag="--with"),
)
_UNAVAILABLE: tuple[tuple[str, Text], ...] = (
    *((f"{library}::", _SOURCES) for library in ("absl", "re2", "boost", "google")),
    ("std::__1::__fs::", "there are no files in a proxy's VM, so std::filesystem is not available"),
    ("std::__1::thread", "a filter runs in one thread; there are no others in a proxy's VM"),
    ("__cxa_throw", "C++ exceptions are not available in a proxy's VM; return a result instead"),
    ("__cxa_allocate_exception", "C++ exceptions are not available in a proxy's VM; return a result instead"),
)


@dataclass(frozen=True)
class Texts:
    """What is linked, and where in the user's text a symbol is looked for.

    Parameters
    ----------
    source : Source
        The cell.
    first_line : int
    others : mapping of str to Source
        Further sources, by their paths.
    objects : mapping of str to str
        What each object was made of: ``cell``, or a path.
    """

    source: Source
    first_line: int
    others: Mapping[str, Source] = field(default_factory=dict)
    objects: Mapping[str, str] = field(default_factory=lambda: {"cell.o": "cell"})

    def at(self, symbol: str, message: str) -> Diagnostic:
        """Say something about a symbol, at the first place where it is used."""
        name = _short(symbol)
        for path, source in (("cell", self.source), *self.others.items()):
            place = source.find(name)
            if place is None:
                continue
            line = place[0] + (self.first_line - 1 if path == "cell" else 0)
            quote = line_of(source.text, line, self.first_line if path == "cell" else 1)
            end = place[1] + len(name)
            near = _near(symbol) if path == "cell" else ""
            fixes = (Fix(f"change to {near!r}", (Edit(line, place[1], line, end, near),)),) if near else ()
            return Diagnostic("error", message, line, place[1], quote, path, (), line, end, fixes)
        return Diagnostic("error", message)


@lru_cache(maxsize=1)
def host_functions() -> frozenset[str]:
    """The functions that a proxy offers to a module under the name ``env`` (Proxy-Wasm ABI 0.2.1)."""
    text = (SDK / "host_functions.txt").read_text(encoding="utf-8")
    return frozenset(line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#"))


@contextlib.contextmanager
def waiting(work: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Give a linker that waits for its arguments: it starts while the compiler runs, which is half of its time."""
    linker = process.start([zig().program, "wasm-ld", "@/dev/stdin"], work, waits=True)
    try:
        yield linker
    finally:
        end(linker)


def link(
    linker: subprocess.Popen[bytes],
    work: Path,
    sdk: Entry | None,
    runtime: Entry,
    texts: Texts,
    *,
    parts: Libraries | None,
) -> bytes:
    """Link objects with the SDK and the runtime.

    Parameters
    ----------
    linker : subprocess.Popen
        From `waiting`.
    work : pathlib.Path
        The folder of the objects that have no full path.
    sdk : Entry or None
        None for a filter that speaks the ABI itself.
    runtime : Entry
    texts : Texts
    parts : Libraries or None
        What a filter takes of its libraries is linked; the sources that are not compiled yet are compiled when
        something is missing.

    Returns
    -------
    bytes
        The module with names and line tables.

    Raises
    ------
    LinkError
        A symbol that the filter uses does not exist, or is there twice; ``diagnostics`` has its line.
    ToolchainError
    """
    start, *libraries = (str(runtime.path(name)) for name in LIBRARIES)
    objects = list(texts.objects)
    exports = _exports(b"".join((work / name).read_bytes() for name in objects))
    # Most filters find all they need in one object. That a filter does not is no reason to skip the attempt next time:
    # which way a module was linked must follow from its source alone.
    whole = [str(sdk.path("sdk.o")), *libraries] if sdk else libraries
    near = _lazily(parts.objects if parts else [])
    first = [*objects, *near, *([str(sdk.path("filter.o"))] if sdk else whole)]
    finished = finish(linker, _response([*exports, start, *first]))
    if finished.code and sdk:
        finished = run([zig().program, "wasm-ld", *_arguments([*exports, start, *objects, *near, *whole])], work)
    while finished.code and parts and parts.supply(_UNDEFINED_SYMBOL.findall(finished.messages)):
        every = [*objects, *_lazily(parts.objects), *whole]
        finished = run([zig().program, "wasm-ld", *_arguments([*exports, start, *every])], work)
    if finished.code:
        raise _error(_read(finished, texts), finished, parts, texts)
    wasm = (work / "cell.wasm").read_bytes()
    unknown = [item.name for item in parse(wasm).imports if item.module == "env" and item.name not in host_functions()]
    if unknown:
        raise _error([_undefined(name, texts) for name in unknown], finished, parts, texts)
    return wasm


def idle(wasm: bytes, work: Path, objects: Iterable[str]) -> bool:
    """Say whether no context of a filter overrides a callback, so that it would do nothing.

    Parameters
    ----------
    wasm : bytes
        The module.
    work : pathlib.Path
        The folder of the objects that have no full path.
    objects : iterable of str
        What it was linked of.
    """
    if any(item.name in _WHEN_USED for item in parse(wasm).exports):
        return False
    own = _INHERITED.sub(b"", b"".join((work / name).read_bytes() for name in objects))
    return not any(f"{len(word)}{word}".encode() in own for word in _EXPORTED_ANYWAY)


def _exports(cell: bytes) -> list[str]:
    """Give the options that export the callbacks for which the cell has a use."""
    own = _INHERITED.sub(b"", cell)
    names = [
        name
        for name, functions in _WHEN_USED.items()
        if name.encode() in own or any(f"{len(word)}{word}".encode() in own for word in functions)
    ]
    return [f"--export-if-defined={name}" for name in names]


def _lazily(objects: Iterable[Path]) -> list[str]:
    """Name objects that are linked where something needs them, as those of an archive are."""
    names = [str(path) for path in objects]
    return ["--start-lib", *names, "--end-lib"] if names else []


def _arguments(inputs: list[str]) -> list[str]:
    return [*OPTIONS, f"--allow-undefined-file={SDK / 'host_functions.txt'}", *inputs, "-o", "cell.wasm"]


def _response(inputs: list[str]) -> bytes:
    """Give the arguments as a response file has them: blanks, quotes and backslashes behind a backslash."""
    words = [re.sub(r"([\s'\"\\])", r"\\\1", word) for word in _arguments(inputs)]
    return "\n".join(words).encode(errors="surrogateescape")


def _read(finished: Finished, texts: Texts) -> list[Diagnostic]:
    found: dict[str, Diagnostic] = {}
    for text in finished.messages.split("wasm-ld: "):
        if match := _UNDEFINED.match(text):
            symbol = match["symbol"]
            found.setdefault(symbol, _undefined(symbol, texts))
        elif match := _DUPLICATE.match(text):
            symbol = match["symbol"]
            own = [texts.objects[name] for name in _DEFINED.findall(text) if name in texts.objects]
            message = f"{symbol!r} is defined here, and in the SDK or the runtime as well"
            if len(own) > 1:
                places = ("the cell" if each == "cell" else each for each in own[:2])
                message = f"{symbol!r} is defined twice, in {' and in '.join(places)}"
            found.setdefault(symbol, texts.at(symbol, message))
        elif match := _MISMATCH.match(text):
            symbol = match["symbol"]
            message = f"{symbol!r} is declared with other parameters or another result than it has"
            found.setdefault(symbol, texts.at(symbol, message))
    return list(found.values())


def _undefined(symbol: str, texts: Texts) -> Diagnostic:
    kind = next((kind for kind in _KINDS if symbol.startswith(kind)), None)
    if kind:
        name = symbol[len(kind) :]
        return texts.at(name, f"{name!r} declares a virtual function that has no body")
    what = "host function" if symbol.startswith("proxy_") else "function"
    return texts.at(symbol, f"there is no {what} {symbol!r}")


def _short(symbol: str) -> str:
    """Give the last part of a demangled name: ``bar`` of ``a::Foo<int>::bar(std::string const&) const``."""
    name = re.sub(r"\(.*", "", symbol.replace("(anonymous namespace)", "anonymous"), flags=re.DOTALL)
    while "<" in name:
        shorter = re.sub(r"<[^<>]*>", "", name)
        if shorter == name:
            break
        name = shorter
    return re.split(r"::|\s", name.strip())[-1]


#: A kind of complaint that has a page of its own, by what `_read` calls it.
_CODES = (
    ("there is no ", "WNB2041"),
    ("is defined ", "WNB2042"),
    ("that has no body", "WNB2043"),
    ("is declared with other", "WNB2044"),
)


def _error(
    found: list[Diagnostic], finished: Finished, parts: Libraries | None, texts: Texts
) -> ToolchainError | LinkError:
    if not any(diagnostic.line for diagnostic in found):
        text = [diagnostic.message for diagnostic in found] or finished.messages.strip().splitlines()[-5:]
        if not found:
            return ToolchainError(
                "The linker failed.", why=text[:5], hint=Wording("run {}", Verb("doctor")), code="WNB2005"
            )
    found.sort(key=lambda diagnostic: (not diagnostic.line, diagnostic.line, diagnostic.column))
    first, *others = found
    rest = f" ({len(others)} more follow)" if others else ""
    return LinkError(
        f"The cell compiles, but {first.message}{rest}.",
        where=first.place,
        why=[*(str(diagnostic) for diagnostic in others[:3]), *_not_compiled(found, parts)],
        hint=_other_linkage(first.message, texts) or _hint(first.message),
        diagnostics=found,
        code=next((code for sign, code in _CODES if sign in first.message), ""),
    )


def _not_compiled(found: list[Diagnostic], parts: Libraries | None) -> list[str]:
    """Say which sources of libraries are missing because they do not compile."""
    names = {_short(item.message.split("'")[1]) for item in found[:_FEW] if "'" in item.message}
    return list(dict.fromkeys(line for name in sorted(names) for line in (parts.failed(name) if parts else [])))[:_FEW]


def _other_linkage(message: str, texts: Texts) -> str:
    """Say what to do about a function that C and C++ share, and of which C++ has made a name of its own."""
    symbol = message.split("'")[1] if "'" in message else ""
    used = re.compile(rf"\b{re.escape(_short(symbol))}\s*\(")
    in_c = [path for path, source in texts.others.items() if path.endswith(C) and used.search(source.code)]
    if not in_c or "there is no function" not in message:
        return ""
    return f'{in_c[0]} is C: where C++ declares the function, write extern "C" before it'


def _hint(message: str) -> Text:
    symbol = message.split("'")[1] if "'" in message else ""
    for start, hint in _UNAVAILABLE:
        if start in symbol:
            return hint
    if "no body" in message:
        return "give each of its virtual functions a body, or end its declaration with '= 0'"
    if "is defined twice" in message:
        return "define it in one of them alone and declare it in the others, or write inline before it in a header"
    if "as well" in message:
        return "give it another name, or leave it out: the SDK's one calls your contexts"
    if "other parameters" in message:
        return "take the declaration from the SDK's headers instead of writing one"
    near = _near(symbol)
    return f"did you mean {near!r}?" if near else _NOWHERE


def _near(symbol: str) -> str:
    """Give the function of the SDK or of the host that is called nearly so; empty where there is none."""
    name = _short(symbol)
    near = difflib.get_close_matches(name, _known(), n=1, cutoff=0.75)
    return near[0] if near and near[0] != name else ""


@lru_cache(maxsize=1)
def _known() -> tuple[str, ...]:
    names = set(host_functions())
    for path in (SDK / "include").glob("*.h"):
        names.update(_DECLARED.findall(path.read_text(encoding="utf-8")))
    return tuple(sorted(names))
