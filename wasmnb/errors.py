"""Every error this package raises on purpose: what, where, why, and what to try.

The class names are public: ``nbclient`` and ``papermill`` match on them (``allow_error_names``). A class that carries
what a higher floor knows stands there, beside it; under its name here it is found all the same.

* Explained
  + WasmnbError
    - UsageError
    - ConfigError
    - BadNameError
    - RegistrationError
    - ToolchainError
    - BudgetError, with ``costs``
    - CasesFailedError, with ``results``
    - ExerciseError, with ``checked``
    - CompileError, with ``diagnostics``
      > LinkError
    - ModuleError
    - ImageError
      > NoPluginError
    - RegistryError, with ``status``
      > AuthError
    - MeshError
      > NoMeshError
      > SelectorError
      > DeployError, with ``verdicts``
        = RolloutError, with ``rollout``
        = HangError
      > ForbiddenError, with ``right``
      > MissingError
      > ConflictError
      > UnstartedError
      > NoProgramError
    - TrafficError
      > NotReadyError
      > UnexpectedError, with ``exchange``
  + Interrupted, a KeyboardInterrupt
    - RolloutInterrupted, with ``rollout``
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

from wasmnb.lazily import lazily
from wasmnb.notebook import in_kernel
from wasmnb.wording import Verb, Wording, front, worded

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from wasmnb.wording import Front, Option, Text

__all__ = [
    "AuthError",
    "BadNameError",
    "ConfigError",
    "Explained",
    "ImageError",
    "Interrupted",
    "MeshError",
    "ModuleError",
    "NoMeshError",
    "Place",
    "RegistrationError",
    "RegistryError",
    "SelectorError",
    "ToolchainError",
    "TrafficError",
    "UsageError",
    "WasmnbError",
    "did_you_mean",
    "in_words",
]

# Where those classes stand that carry what a higher floor knows.
_HOMES = {
    "BudgetError": "wasmnb.cases.errors",
    "CasesFailedError": "wasmnb.cases.errors",
    "CompileError": "wasmnb.compile.errors",
    "ConflictError": "wasmnb.mesh.istio.api.api_errors",
    "DeployError": "wasmnb.plugin.errors",
    "ExerciseError": "wasmnb.exercises.errors",
    "ForbiddenError": "wasmnb.mesh.istio.api.api_errors",
    "HangError": "wasmnb.plugin.errors",
    "LinkError": "wasmnb.compile.errors",
    "MissingError": "wasmnb.mesh.istio.api.api_errors",
    "NoPluginError": "wasmnb.image.layer",
    "NoProgramError": "wasmnb.mesh.istio.api.api_errors",
    "NotReadyError": "wasmnb.traffic.http_client",
    "RolloutError": "wasmnb.rollout.errors",
    "RolloutInterrupted": "wasmnb.rollout.errors",
    "UnexpectedError": "wasmnb.traffic.expectation",
    "UnstartedError": "wasmnb.mesh.istio.api.api_errors",
}
_WIDEST = 300  # columns of a quoted line
_DEEPER = 4  # columns that a place is set in where it is one of several
_FOLD = 78  # columns of a line that is shown: there is room for it beside a side bar, and in a terminal
# A sentence that ends with words of somebody else, which have a mark of their own.
_TWO_MARKS = re.compile(r"(?<=[?!])\.$")


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Give ``did you mean 'x'?``, or nothing when no known word is near.

    Parameters
    ----------
    word : str
        What the user wrote.
    known : iterable of str
        The words there are.
    """
    from difflib import get_close_matches  # noqa: PLC0415 - for an error

    # All long options begin alike.
    lower = {name.lower().removeprefix("--"): name for name in known}
    wanted = word.lower().removeprefix("--")
    begun = [name for name in lower if wanted and name.startswith(wanted)]
    # The only one that begins so is meant, however much longer it is.
    near = begun if len(begun) == 1 else get_close_matches(wanted, lower, n=1, cutoff=0.6) or begun[:1]
    return f"did you mean {lower[near[0]]!r}?" if near else ""


def in_words(error: BaseException) -> str:
    """Give one sentence about any error: what it says, if it is one of these, else its class and what that says."""
    return error.what if isinstance(error, Explained) else f"{type(error).__name__}: {error}".removesuffix(": ")


def _cut(line: str) -> str:
    return line if len(line) <= _WIDEST else line[: _WIDEST - 4] + " ..."


def _folded(line: str) -> list[str]:
    """Break a line between words: front ends break it anywhere. What a caret points at stays whole."""
    if len(line) <= _FOLD or re.match(r"\s*\d+ \| |\s{6}\| |\s+\^$", line):
        return [line]
    import textwrap  # noqa: PLC0415 - for an error that is shown

    start = re.match(r"\s*(\| *)?", line)
    indent = (start.group() if start else "") + "  "
    return textwrap.wrap(line, _FOLD, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)


def _tells_more(code: str) -> Wording:
    return Wording("{} tells more", Verb("explain", (code,)), python=f"wasmnb.explain({code!r}) tells more")


def _under(text: str) -> str:
    """Give blanks as wide as a text is in a terminal, so that a caret stands under the right character."""
    from wasmnb.display.text import width  # noqa: PLC0415 - for a quote with a caret only

    return "\t".join(" " * width(part) for part in text.split("\t"))


@dataclass(frozen=True)
class Place:
    """A place in the user's own text.

    Parameters
    ----------
    text : str, Option or Wording
        What the text is called: ``cell``, a file name, an option.
    line : int
        1-based line; 0 when only the text as a whole is meant.
    column : int
        1-based column; 0 when only the line is meant.
    quote : str
        The line as the user wrote it, without its line end.
    """

    text: Text | Option
    line: int = 0
    column: int = 0
    quote: str = ""

    def worded(self, reader: Front) -> str:
        """Say where it is, in the words of one front end."""
        text = worded(self.text, reader)
        where = f"{text} line {self.line}" if self.line else text
        return f"{where}, column {self.column}" if self.column else where

    def __str__(self) -> str:
        return self.worded(front())

    def quoted(self) -> list[str]:
        """Give the quoted line behind its number, and a caret under the column; nothing without a quote."""
        if not self.quote:
            return []
        gutter = f"{self.line or '':>5} | "
        if not self.column:
            return [gutter + self.quote[:_WIDEST]]
        # A line that a terminal breaks has its caret under the wrong words: show what stands around the column.
        room = _FOLD - len(gutter) - _DEEPER
        start = max(0, min(self.column - room // 2, len(self.quote) - room))
        part = self.quote[start : start + room]
        before = ("…" if start else "") + part[bool(start) : self.column - 1 - start]
        after = part[self.column - 1 - start :]
        after = after[:-1] + "…" if start + room < len(self.quote) else after
        return [gutter + before + after, " " * len(gutter) + _under(before) + "^"]


class Explained(BaseException):
    """The four parts of a message, and how a log, a terminal and a notebook show them.

    Parameters
    ----------
    what : str or Wording
        One sentence: what did not work, naming the thing.
    where : Place, optional
        The place in the user's text that is to be changed.
    why : sequence of str or Wording
        A few quoted lines (of a compiler, of Envoy) that give the reason; long ones are cut when shown.
    hint : str or Wording
        What to try next.
    code : str
        The stable code of what happened, such as ``WNB2041``, where the class has several; else the class's own.

    Attributes
    ----------
    front : Front
        Whose words its texts are given in: the one that runs; a front end sets its own on the way out, too.
    """

    code: str = "WNB1000"
    most_reasons: ClassVar[int] = 12
    """Lines of `why` that are shown at most."""

    def __init__(
        self,
        what: Text,
        *,
        where: Place | None = None,
        why: Sequence[Text] = (),
        hint: Text = "",
        code: str = "",
    ) -> None:
        if code:
            self.code = code
        self.front = front()
        self._what = _TWO_MARKS.sub("", what) if isinstance(what, str) else what
        self.where = where
        self._why = tuple(why)
        self._hint = hint
        super().__init__(self.what)

    @property
    def what(self) -> str:
        """One sentence: what did not work."""
        return worded(self._what, self.front)

    @property
    def why(self) -> tuple[str, ...]:
        """The lines that give the reason."""
        return tuple(worded(line, self.front) for line in self._why)

    @property
    def hint(self) -> str:
        """What to try next."""
        return worded(self._hint, self.front)

    @property
    def hint_value(self) -> Text:
        """What to try next, not yet worded: for the hint of an error that follows from this one."""
        return self._hint

    def advise(self, hint: Text) -> None:
        """Put another hint in place of its own; who knows more about the user's command than the error did."""
        self._hint = hint

    def add_why(self, *lines: Text) -> None:
        """Add lines that give the reason."""
        self._why = (*self._why, *lines)

    def withhold_place(self) -> None:
        """Quote nothing of the user's text, because any of it may be secret."""
        self.where = None

    def change(self, text: Callable[[str], str]) -> None:
        """Change each of its texts, such as to mask what is secret."""

        def changed(part: Text) -> Text:
            return text(part) if isinstance(part, str) else part.mapped(text)

        self._what, self._hint = changed(self._what), changed(self._hint)
        self._why = tuple(changed(line) for line in self._why)
        if self.where is not None:
            self.where = replace(self.where, quote=text(self.where.quote))
        self.args = (self.what,)

    def lines(self) -> list[str]:
        """Give the message as plain lines, the form a log or a traceback quotes."""
        lines = [f"{type(self).__name__}: {self.what}"]
        if self.where is not None:
            lines.append(f"  at {self.where.worded(self.front)}")
            lines.extend(self.where.quoted())
        why = self.why
        shown = why if len(why) <= self.most_reasons else why[: self.most_reasons - 1]
        lines.extend(f"  | {_cut(line)}" for line in shown)
        if len(shown) < len(why):
            lines.append(f"  | ... and {len(why) - len(shown)} lines more")
        if self.hint:
            lines.append(f"  try: {self.hint}")
        lines.append(f"  {self.code}: {worded(_tells_more(self.code), self.front)}")
        return lines

    def to_dict(self) -> dict[str, Any]:
        """Give the message as plain JSON values."""
        place = self.where
        text = worded(place.text, self.front) if place is not None else ""
        return {
            "error": type(self).__name__,
            "code": self.code,
            "what": self.what,
            "where": place and {"text": text, "line": place.line, "column": place.column, "quote": place.quote},
            "why": list(self.why),
            "hint": self.hint,
        }

    def __str__(self) -> str:
        return "\n".join(self.lines()).split(": ", 1)[1]

    def _render_traceback_(self) -> list[str]:
        """Give IPython our message in place of a Python traceback (IPython protocol)."""
        # JupyterLab shows errors on red: no colour that can be read there in its light theme can be in its dark one.
        headline, label = ("\x1b[1m", "\x1b[1m") if in_kernel() else ("\x1b[1;31m", "\x1b[34m")
        quiet, reset = "\x1b[2m", "\x1b[0m"
        first, *rest, last = self.lines()
        rest = [part for line in rest for part in _folded(line)]
        rest = [line.replace("try:", f"{label}try:{reset}", 1) if line.startswith("  try: ") else line for line in rest]
        return [*(f"{headline}{part}{reset}" for part in _folded(first)), *rest, f"{quiet}{last}{reset}"]


class WasmnbError(Explained, Exception):
    """Something did not work; the message says what, where, why, and what to try."""


class Interrupted(Explained, KeyboardInterrupt):
    """The user stopped the work; the message says what has been left behind.

    A ``KeyboardInterrupt`` and no `WasmnbError`, so that a loop which goes on after errors does not go on after Ctrl-C.
    """

    code = "WNB1010"


class UsageError(WasmnbError):
    """A magic or a function was called with words it does not take."""

    code = "WNB1001"


class ConfigError(WasmnbError):
    """A filter's configuration, or a session default, is not what it must be."""

    code = "WNB1002"


class BadNameError(WasmnbError):
    """A name does not exist, or is not allowed for what it is to name."""

    code = "WNB1003"


class RegistrationError(WasmnbError):
    """What an installed package registers (a language, a mesh, a target, a template) cannot be loaded."""

    code = "WNB1004"


class ToolchainError(WasmnbError):
    """A compiler is missing, broken, or stopped."""

    code = "WNB2000"


class ModuleError(WasmnbError):
    """A module is no Proxy-Wasm module that Envoy would load."""

    code = "WNB3000"


class ImageError(WasmnbError):
    """An image is missing, damaged, of a form that cannot be read, or the store cannot keep it."""

    code = "WNB3020"


class MeshError(WasmnbError):
    """The mesh could not do what was asked."""

    code = "WNB4000"


class NoMeshError(MeshError):
    """No mesh has been chosen yet."""

    code = "WNB4001"


class SelectorError(MeshError):
    """A selector matches no pod."""

    code = "WNB4002"


class TrafficError(WasmnbError):
    """A request got no answer."""

    code = "WNB4050"


class RegistryError(WasmnbError):
    """A registry could not be reached, or refused; ``status`` is its HTTP status, 0 when it gave none."""

    code = "WNB3040"

    def __init__(self, what: Text, *, status: int = 0, **parts: Any) -> None:
        super().__init__(what, **parts)
        self.status = status


class AuthError(RegistryError):
    """A registry does not know who asks, or does not allow it."""

    code = "WNB3070"


__getattr__ = lazily(__name__, _HOMES)


def __dir__() -> list[str]:
    return sorted({*__all__, *_HOMES})
