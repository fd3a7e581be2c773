"""The languages that a filter can be written in: what each is called, how it is recognised, and what builds it.

A language is one `Language`, given to `register`, and one `wasmnb.compile.toolchain.Toolchain`; docs/languages.md tells
how one is added.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

__all__ = ["REGISTERED", "Guess", "Language", "guess", "register"]


@dataclass(frozen=True)
class Language:
    """One language.

    Parameters
    ----------
    word : str
        What `Filter.language` and ``--lang`` hold.
    name : str
        What people call it.
    toolchain : str
        ``module:Class`` of its toolchain, imported when first asked for.
    spellings : tuple of str
        Other words that users write for it.
    suffixes : tuple of str
        How names of its sources end.
    marks : tuple of str
        What tells that a folder is a project of it: a file's name at its top, or (``.cc``) how any file's name ends.
    reader : str
        ``module:function`` that makes a filter of a folder, given its path, a name and flags; empty when there is none.
    signs : tuple of str
        Regular expressions for what only this language has, one line each; comments are gone when they are tried.
    """

    word: str
    name: str
    toolchain: str
    spellings: tuple[str, ...] = ()
    suffixes: tuple[str, ...] = ()
    marks: tuple[str, ...] = ()
    reader: str = ""
    signs: tuple[str, ...] = ()


#: Every language by its word. A project is of the first whose mark it has.
REGISTERED: dict[str, Language] = {}


def register(language: Language) -> None:
    """Make a language known, or replace it."""
    from wasmnb.compile import toolchain  # noqa: PLC0415 - it reads what is registered

    REGISTERED[language.word] = language
    toolchain.LANGUAGES[language.word] = language.name
    toolchain.toolchain.cache_clear()


@dataclass(frozen=True)
class Guess:
    """What a source looks like.

    Parameters
    ----------
    language : str
        Its word.
    because : str
        The text that told; empty when nothing did, and the language is the session's default.
    line : int
        Where that is, from 1 at the source's first line.
    """

    language: str
    because: str = ""
    line: int = 0

    def __str__(self) -> str:
        name = REGISTERED[self.language].name
        if not self.because:
            return f"taken for {name}, the session's default: nothing in the source tells; --lang says it"
        return f"taken for {name} because of {self.because!r} in line {self.line}; --lang says otherwise"


_COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.DOTALL)


def guess(source: str, default: str, *, first_line: int = 1) -> Guess:
    """Say which language a source is in.

    Parameters
    ----------
    source : str
    default : str
        The language of a source that does not tell, or that tells of two alike.
    first_line : int
        The number of its first line, as the user counts.
    """
    code = _COMMENT.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), source)
    found = {word: _signs(language, code) for word, language in REGISTERED.items()}
    counts = sorted((len(signs) for signs in found.values()), reverse=True)
    if not counts or not counts[0] or counts[1:2] == counts[:1]:
        return Guess(default)
    word = next(word for word, signs in found.items() if len(signs) == counts[0])
    offset, text = min(found[word])
    return Guess(word, " ".join(text.split("\n", 1)[0].split())[:40], code.count("\n", 0, offset) + first_line)


def _signs(language: Language, code: str) -> list[tuple[int, str]]:
    """Give the place of each sign that is there, however often."""
    matches = (re.search(sign, code, re.MULTILINE) for sign in language.signs)
    return [(match.start() + len(match[0]) - len(match[0].lstrip()), match[0].strip()) for match in matches if match]


_OWN = (
    Language(
        "rust",
        "Rust",
        "wasmnb.compile.rust:RustToolchain",
        ("rs",),
        (".rs",),
        ("Cargo.toml",),
        "wasmnb.compile.rust.project:read",
        (
            r"^\s*use\s+\w+(?:::|;)",
            r"\bproxy_wasm::",
            r"^\s*(?:unsafe\s+)?impl\b[^;{]*\{",
            r"\bfn\s+\w+\s*[(<]",
            r"^\s*#!?\[\w+",
            r"\blet\s+mut\b",
        ),
    ),
    Language(
        "go",
        "Go",
        "wasmnb.compile.go:GoToolchain",
        ("golang",),
        (".go",),
        ("go.mod",),
        "wasmnb.compile.go.project:read",
        (
            r"^\s*package\s+\w+\s*$",
            r"^\s*import\s*(?:\(|\"[\w./-]+\"\s*$)",
            r"^\s*func\s*(?:\([^)]*\)\s*)?\w+\s*\(",
            r"\bproxywasm\.",
            r"^\s*type\s+\w+\s+(?:struct|interface)\b",
            r"\w\s*:=\s",
        ),
    ),
    Language(
        "assemblyscript",
        "AssemblyScript",
        "wasmnb.compile.assemblyscript:AssemblyScriptToolchain",
        ("as", "ts", "typescript"),
        (".ts",),
        ("package.json", "asconfig.json"),
        "wasmnb.compile.assemblyscript.project:read",
        (
            r"^\s*import\s*(?:\{|\*\s+as\b|\")[^;]*?(?:from\s*)?\"@?[\w./-]+\"",
            r"^\s*export\s+(?:\*|\{|class|function|const|default)",
            r"\bregisterRootContext\b",
            r"\bclass\s+\w+\s+extends\s+\w+",
            r"^\s*(?:export\s+)?function\s+\w+\s*\(",
            r"\w\s*\)?\s*:\s*(?:[ui](?:8|16|32|64)|usize|bool|string|void)\b",
        ),
    ),
    Language(
        "cpp",
        "C++",
        "wasmnb.compile.cpp:CppToolchain",
        ("c++", "cc", "cxx"),
        (".cc", ".cpp", ".cxx"),
        (".cc", ".cpp", ".cxx"),
        "wasmnb.compile.cpp.folder:read",
        (
            r"^\s*#\s*(?:include|define|pragma|if|ifdef|ifndef)\b",
            r"\bRegisterContextFactory\b",
            r"\bclass\s+\w+\s*(?:final\s*)?:\s*(?:public\s+)?\w+",
            r"\bstd::\w+",
            r"\bFilter(?:Headers|Data|Trailers)Status\b[^V]",
            r"\bstatic_cast<|\bextern\s+\"C\"",
        ),
    ),
)
REGISTERED.update({language.word: language for language in _OWN})
