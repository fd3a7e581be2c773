"""The pages of the codes: what an error, a verdict or a cause means, how it comes about, and what to do.

Each page stands under its code in one of the Markdown files beside this one; docs/errors.md is made of them. Of
``{cell|command}`` a notebook and Python read the first words, a shell the others.
"""

from __future__ import annotations

import re
import shlex
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

from wasmnb.errors import BadNameError, did_you_mean
from wasmnb.wording import Front, Option, Verb, front

__all__ = ["Explanation", "explain", "explanations"]

_HERE = Path(__file__).parent
_PAGE = re.compile(r"^## (?P<code>WNB\d{4}) (?P<name>\w+): (?P<title>.+)\n(?P<body>(?:(?!^## ).*\n?)*)", re.MULTILINE)
_PARTS = re.compile(r"\*\*(How it comes about|What to do)\.\*\*")
_EITHER = re.compile(r"\{([^{}|]*)\|([^{}|]*)\}")
_COMMAND = re.compile(r"`(%%?wasm_[^`]+|--[^`]+)`")


@dataclass(frozen=True)
class Explanation:
    """The page of one code.

    Parameters
    ----------
    code : str
        Such as ``WNB2041``.
    name : str
        Of the error's class, of the verdict or of the cause.
    title : str
        What it says, in one line.
    meaning, origin, remedy : str
        What it means, how it comes about, what to do.
    """

    code: str
    name: str
    title: str
    meaning: str
    origin: str
    remedy: str

    def to_dict(self) -> dict[str, Any]:
        """Give plain JSON values."""
        return asdict(self)

    def __str__(self) -> str:
        parts = (self.meaning, f"How it comes about. {self.origin}", f"What to do. {self.remedy}")
        # The marks are Markdown's, which a page in HTML and docs/errors.md are made of.
        return "\n\n".join([f"{self.code} {self.name}: {self.title}", *parts]).replace("`", "")

    __repr__ = __str__


def explanations() -> tuple[Explanation, ...]:
    """Give every page, by code; commands in the words of the front end that runs."""
    return _read(front())


def explain(code: str) -> Explanation:
    """Give the page of a code, of a verdict, of a cause, or of a class of errors.

    Parameters
    ----------
    code : str
        ``WNB2041``, ``2041``, ``TRAPPED``, ``CompileError``; in any case of letters.

    Raises
    ------
    BadNameError
        There is no such page.

    Examples
    --------
    >>> explain("LIVE").title
    'this image was seen to act in this pod'
    """
    pages = _named(front())
    word = code.strip().upper()
    found = pages.get(word) or pages.get(f"WNB{word}")
    if found is None:
        words = [name for page in explanations() for name in (page.code, page.name)]
        raise BadNameError(
            f"There is no page about {code.strip()!r}.",
            hint=did_you_mean(word, words) or "a code is WNB and four digits; names of verdicts are known too",
        )
    return found


@cache
def _read(reader: Front) -> tuple[Explanation, ...]:
    texts = (path.read_text("utf-8") for path in sorted(_HERE.glob("*.md")))
    return tuple(_page(match, reader) for text in texts for match in _PAGE.finditer(text))


@cache
def _named(reader: Front) -> dict[str, Explanation]:
    """Give every page by its code, and by its name in capitals: each verdict of a long table asks for one."""
    pages: dict[str, Explanation] = {}
    for page in _read(reader):
        pages[page.code.upper()] = page
        pages.setdefault(page.name.upper(), page)
    return pages


def _page(match: re.Match[str], reader: Front) -> Explanation:
    parts = _PARTS.split(match["body"])
    meaning, origin, remedy = (_worded(" ".join(part.split()), reader) for part in (parts[0], parts[2], parts[4]))
    return Explanation(match["code"], match["name"], _worded(match["title"], reader), meaning, origin, remedy)


def _worded(text: str, reader: Front) -> str:
    """Word for one reader what is said in two ways, and each command between backquotes."""
    text = _EITHER.sub(lambda match: match[2 if reader is Front.SHELL else 1], text)
    return _COMMAND.sub(lambda match: f"`{_command(match[1], reader)}`", text)


def _command(line: str, reader: Front) -> str:
    # A line keeps its quotes; Python writes its own.
    words = shlex.split(line, posix=reader is Front.PYTHON)
    name, options, plain = "" if line.startswith("--") else words.pop(0), [], []
    while words:
        word = words.pop(0)
        if word.startswith("--"):
            options.append(_option(word, [words.pop(0)] if words and not words[0].startswith("--") else []))
        else:
            plain.append(word)
    if name:
        verb = name.lstrip("%").removeprefix("wasm_")
        return Verb(verb, tuple(plain), tuple(options), cell=line.startswith("%%")).worded(reader)
    return (", " if reader is Front.PYTHON else " ").join(option.worded(reader) for option in options)


def _option(flag: str, value: list[str]) -> Option:
    return Option(_KEYWORDS.get(flag, flag[2:].replace("-", "_")), value[0] if value else True)


# Where the keyword of Python is not the option's own word.
_KEYWORDS = {"--as": "as_"}
