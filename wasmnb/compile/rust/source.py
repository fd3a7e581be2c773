"""Reading a Rust cell without a compiler: the crates it asks for, and the start-up code that it leaves out."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from wasmnb.compile.diagnostics import Diagnostic
from wasmnb.compile.errors import CompileError
from wasmnb.errors import Place, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

__all__ = ["Dependency", "Source", "never_started", "untyped"]

_TOKEN = re.compile(
    r"""
      (?P<comment> //[^\n]* )
    | (?P<open> /\* )
    | (?P<raw> \b(?:br|cr|r)(?P<fence>\#*)".*?(?:"(?P=fence)|\Z) )
    | (?P<string> \b[bc]?"(?:\\.|[^"\\])*(?:"|\Z) | "(?:\\.|[^"\\])*(?:"|\Z) )
    | (?P<char> '(?:\\[^\n]{1,9}?|[^\\'\n])' )
    """,
    re.VERBOSE | re.DOTALL,
)
_STARTS = re.compile(r"\bmain\s*!\s*[({\[]|\bfn\s+_(?:initialize|start)\b|\bfn\s+proxy_on_context_create\b")
_OWN_MAIN = re.compile(r"\bfn\s+main\s*\(")
# An attribute of somebody's may make a start of it.
_MADE = re.compile(
    r"#\[(?!(?:unsafe\s*\(\s*)?no_mangle\b|allow\b|inline\b)[^\]]*\]\s*(?:#\[[^\]]*\]\s*)*(?:pub\s+)?(?:extern\s.*)?\Z"
)
_SETS = re.compile(r"\bset_(?:root|http|stream)_context\s*\(")
_IMPL = re.compile(
    r"\bimpl\s+(?:[A-Za-z_]\w*\s*::\s*)*(?P<kind>Root|Http|Stream)Context\s+for\s+(?P<name>(?:r\#)?[A-Za-z_]\w*)"
)
_CREATES = re.compile(r"\bfn\s+create_(?P<kind>http|stream)_context\b")
_TYPED = re.compile(r"\bfn\s+get_type\b")
_BRACE = re.compile(r"[{}]")
_DEPS = re.compile(r"[ \t]*//[ \t]*deps[ \t]*:(?P<text>.*)")
_DEPENDENCY = re.compile(r"\s*(?P<name>[A-Za-z][\w-]*)\s*=\s*(?P<value>\"[^\"]*\"|\{.*\})\s*")
_PATH = re.compile(r"[{,]\s*path\s*=")
_EXAMPLE = '// deps: serde = "1"'
_KINDS = {"Root": "root", "Http": "HTTP", "Stream": "stream"}


def never_started(files: Mapping[str, str]) -> Callable[[str], Iterator[tuple[int, str]]]:
    """Give what finds, in a project's sources, contexts that are set where no proxy calls: in a ``main`` of one's own.

    Parameters
    ----------
    files : mapping of str to str
        Every file of the project.
    """
    starts = any(_STARTS.search(Source(text).code) for path, text in files.items() if path.endswith(".rs"))

    def look(text: str) -> Iterator[tuple[int, str]]:
        code = "" if starts else Source(text).code
        for main in _OWN_MAIN.finditer(code):
            found = _SETS.search(code, main.end())
            if found and not _MADE.search(code, 0, main.start()):
                yield found.start(), "no proxy calls main(): set the context in proxy_wasm::main! {{ }}"

    return look


def untyped(text: str) -> Iterator[tuple[int, str]]:
    """Find root contexts that make contexts and do not say for what: the SDK panics on the first request."""
    code = Source(text).code
    for root in _IMPL.finditer(code):
        body = _block(code, root.end())
        makes = _CREATES.search(body)
        if root["kind"] == "Root" and makes and not _TYPED.search(body):
            kind = f"ContextType::{makes['kind'].capitalize()}Context"
            what = f"{root['name']} has no get_type(), and the SDK panics without one"
            yield root.start(), f"{what}: fn get_type(&self) -> Option<ContextType> {{ Some({kind}) }}"


def _block(code: str, start: int) -> str:
    """Give what stands within the braces that open next."""
    depth = 0
    for brace in _BRACE.finditer(code, start):
        depth += 1 if brace[0] == "{" else -1
        if not depth:
            return code[start : brace.start()]
    return code[start:]


@dataclass(frozen=True)
class Dependency:
    """A crate that a cell asks for: its name, what Cargo is to be told of it, and where the cell says so."""

    name: str
    value: str
    line: int = 0
    column: int = 0
    quote: str = ""

    @property
    def place(self) -> Place:
        """Where the cell asks for it."""
        return Place("cell", self.line, self.column, self.quote)


@dataclass(frozen=True)
class Source:
    """The text of a cell; ``first_line`` is the number of its first line."""

    text: str
    first_line: int = 1

    @cached_property
    def code(self) -> str:
        """The text with comments and the content of literals blanked; every character keeps its place."""
        parts, at = [], 0
        while match := _TOKEN.search(self.text, at):
            end = _block_end(self.text, match.end()) if match["open"] else match.end()
            parts += [self.text[at : match.start()], re.sub(r"[^\n]", " ", self.text[match.start() : end])]
            at = end
        return "".join([*parts, self.text[at:]])

    @property
    def empty(self) -> bool:
        """Whether there is nothing but space and comments."""
        return not _TOKEN.sub("", self.code).strip()

    @cached_property
    def dependencies(self) -> tuple[Dependency, ...]:
        """The crates that lines such as ``// deps: serde = "1"`` ask for, above the first line of code.

        Raises
        ------
        UsageError
            Such a line cannot be read.
        """
        found: list[Dependency] = []
        for index, line in enumerate(self.text.split("\n")):
            if line.strip() and not line.lstrip().startswith(("//", "#!")):
                break
            match = _DEPS.match(line)
            if match:
                found += self._read(match, self.first_line + index, line.rstrip("\r"))
        return tuple(found)

    def _read(self, match: re.Match[str], number: int, line: str) -> Iterator[Dependency]:
        for start, part in _split(match["text"]):
            column = match.start("text") + start + len(part) - len(part.lstrip()) + 1
            one = _DEPENDENCY.fullmatch(part)
            if one is None:
                raise UsageError(
                    f"{part.strip()!r} does not say which crate, and which version of it, is asked for.",
                    where=Place("cell", number, column, line),
                    hint=f'write it as Cargo.toml does: {_EXAMPLE}, regex = {{ version = "1", features = ["std"] }}',
                )
            if _PATH.search(one["value"]):
                raise UsageError(
                    f"The crate {one['name']!r} cannot come from a folder.",
                    where=Place("cell", number, column, line),
                    why=["what a folder holds can change without the cell changing"],
                    hint=f"take it from a registry, or from git with a rev: {_EXAMPLE}",
                )
            yield Dependency(one["name"], one["value"], number, column, line)

    def complete(self) -> str:
        """Give the program: the cell, with a start-up function behind it when it has none.

        Returns
        -------
        str
            No line of the cell moves.

        Raises
        ------
        CompileError
            It is not clear which contexts are to be made, or how.
        """
        if _STARTS.search(self.code):
            return self.text
        found: dict[str, list[re.Match[str]]] = {"Root": [], "Http": [], "Stream": []}
        for match in _IMPL.finditer(self.code):
            found[match["kind"]].append(match)
        if not any(found.values()):
            raise self._error("The cell has no context, so there is nothing for a proxy to call.", None, _no_context())
        steps = ["proxy_wasm::set_log_level(proxy_wasm::types::LogLevel::Trace);"]
        for kind, matches in found.items():
            if kind != "Root" and re.search(rf"\bfn\s+create_{kind.lower()}_context\b", self.code):
                continue
            for match in matches[1:]:
                what = f"The cell has {len(matches)} {_KINDS[kind]} contexts, and none is chosen."
                raise self._error(what, match.start(), _write_main(kind, match["name"]))
            steps += [self._step(kind, match) for match in matches]
        return f"{self.text}\nproxy_wasm::main! {{{{ {' '.join(steps)} }}}}\n"

    def doubtful(self) -> Iterator[Diagnostic]:
        """Warn of what compiles, and panics in a proxy."""
        for offset, message in untyped(self.text):
            place = self._place(offset)
            yield Diagnostic("warning", message, place.line, place.column, place.quote)

    def find(self, name: str) -> Place | None:
        """Give the place where a name is used, rather than where it is declared; None when it is not in the cell."""
        places = [match.start() for match in re.finditer(rf"(?<!\w){re.escape(name)}(?!\w)", self.code)]
        uses = [place for place in places if not re.search(r"\bfn\s+$", self.code[:place])]
        return self._place((uses or places)[0]) if places else None

    def _step(self, kind: str, match: re.Match[str]) -> str:
        name = match["name"]
        made = name if re.search(rf"\bstruct\s+{re.escape(name)}\s*;", self.code) else f"{name}::default()"
        if made != name and not self._has_default(name):
            where = re.search(rf"\b(?:struct|enum)\s+{re.escape(name)}\b", self.code)
            what = f"The cell does not say how a new {name!r} is made."
            hint = f"put #[derive(Default)] above it, or {_write_main(kind, name)}"
            raise self._error(what, (where or match).start(), hint)
        arguments = "|_|" if kind == "Root" else "|_, _|"
        trait = f"proxy_wasm::traits::{kind}Context"
        return f"proxy_wasm::set_{kind.lower()}_context({arguments} -> Box<dyn {trait}> {{ Box::new({made}) }});"

    def _has_default(self, name: str) -> bool:
        word = re.escape(name)
        derived = re.search(
            rf"#\[\s*derive\s*\([^)]*\bDefault\b[^)]*\)\s*\](?:\s*#\[[^\]]*\])*\s*(?:pub(?:\([^)]*\))?\s+)?struct\s+{word}\b",
            self.code,
        )
        return bool(derived or re.search(rf"\bDefault\s+for\s+{word}\b", self.code))

    def _error(self, what: str, offset: int | None, hint: str) -> CompileError:
        place = Place("cell") if offset is None else self._place(offset)
        diagnostic = Diagnostic("error", what.rstrip("."), place.line, place.column, place.quote)
        return CompileError(what, where=place, hint=hint, diagnostics=[diagnostic])

    def _place(self, offset: int) -> Place:
        line = self.text.count("\n", 0, offset)
        column = offset - (self.text.rfind("\n", 0, offset) + 1) + 1
        return Place("cell", self.first_line + line, column, self.text.split("\n")[line].rstrip("\r"))


def _no_context() -> str:
    return "implement one for a struct of yours: struct Mine; impl Context for Mine {} impl HttpContext for Mine {}"


def _write_main(kind: str, name: str) -> str:
    arguments = "|_|" if kind == "Root" else "|_, _|"
    step = f"proxy_wasm::set_{kind.lower()}_context({arguments} Box::new({name} {{ /* its fields */ }}));"
    return f"end the cell with: proxy_wasm::main! {{{{ {step} }}}}"


def _block_end(text: str, at: int) -> int:
    """Find the end of a block comment, which may have others in it."""
    depth = 1
    while depth and (match := re.compile(r"/\*|\*/").search(text, at)):
        depth += 1 if match[0] == "/*" else -1
        at = match.end()
    return len(text) if depth else at


def _split(text: str) -> Iterator[tuple[int, str]]:
    """Split at the commas between crates, not at those within braces or quotes."""
    depth, quoted, start = 0, False, 0
    for index, letter in enumerate(text):
        quoted ^= letter == '"'
        if not quoted:
            depth += (letter in "{[") - (letter in "}]")
        if letter == "," and not quoted and not depth:
            yield start, text[start:index]
            start = index + 1
    if text[start:].strip() or not start:
        yield start, text[start:]
