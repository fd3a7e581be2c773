"""A Sphinx extension: cells of filters are coloured as the language that they are in, those of tests as YAML."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pygments.lexer import Lexer
from pygments.lexers import get_lexer_by_name
from pygments.token import Comment

from wasmnb.compile.languages import guess

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sphinx.application import Sphinx

_LEXERS = {"cpp": "cpp", "rust": "rust", "go": "go", "assemblyscript": "typescript"}


class CellLexer(Lexer):
    """A notebook's cell: IPython's, but for what stands below a magic of ours."""

    name = "notebook cell"

    def get_tokens_unprocessed(self, text: str) -> Iterator[tuple[int, Any, str]]:
        """Give the tokens, each with its place."""
        first, end, rest = text.partition("\n")
        below = self._below(first, rest)
        if not below:
            yield from get_lexer_by_name("ipython3").get_tokens_unprocessed(text)
            return
        yield 0, Comment, first + end
        start = len(first) + len(end)
        for at, kind, value in get_lexer_by_name(below, stripnl=False).get_tokens_unprocessed(rest):
            yield start + at, kind, value

    @staticmethod
    def _below(first: str, rest: str) -> str:
        if first.startswith("%%wasm_test"):
            return "yaml"
        if not first.startswith("%%wasm_filter"):
            return ""
        return _LEXERS.get(guess(rest, "cpp").language, "")


def setup(app: Sphinx) -> dict[str, bool]:
    """Take IPython's place."""
    app.add_lexer("ipython3", CellLexer)
    return {"parallel_read_safe": True}
