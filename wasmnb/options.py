"""Options defined once: as keywords of a Python function, as words of a line, and as the help for either.

A `theme` of options is a dataclass whose fields are made by `option`, `argument` and `keyword`. `takes` gives a
method the fields of such a dataclass as its own keywords: with their types for a type checker, in its signature and in
its docstring. Front ends read the `Option` and `Argument` values of the same fields, see `options_of`.
"""

from __future__ import annotations

import inspect
import textwrap
from collections.abc import Mapping
from dataclasses import MISSING, Field, FrozenInstanceError, dataclass, field, fields, replace
from functools import cache, wraps
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable

__all__ = [
    "Argument",
    "Option",
    "argument",
    "keyword",
    "line",
    "option",
    "options_of",
    "part",
    "said",
    "takes",
    "theme",
]

S = TypeVar("S")
T = TypeVar("T")
R = TypeVar("R")
P = ParamSpec("P")

_KEY = "wasmnb"
_WIDTH = 110


@dataclass(frozen=True)
class Option:
    """An option of a line.

    Parameters
    ----------
    flags : tuple of str
        Long form first, such as ``--tail``; then a short one.
    help : str
        One phrase.
    metavar : str
        What the value is called; empty for a switch, which takes none.
    read : callable
        Makes the value from the word; a ``ValueError`` becomes a `UsageError`.
    repeat : bool
        May be given several times; the keyword is a list.
    values : str
        Which list completion offers: the words themselves with ``|`` between, or the name of a list.
    keyword : str
        The keyword of the function; the long form when empty.
    switch : object
        What a switch sets.
    words : mapping
        Words that may stand behind a switch, and what it sets then.
    """

    flags: tuple[str, ...]
    help: str
    metavar: str = ""
    read: Callable[[Any], Any] = field(default=lambda value: value)
    repeat: bool = False
    values: str = ""
    keyword: str = ""
    switch: Any = True
    words: Mapping[str, Any] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """The keyword of the function that the option becomes."""
        return self.keyword or self.flags[0].lstrip("-").replace("-", "_")

    @property
    def label(self) -> str:
        """How the help names it."""
        words = f" [{'|'.join(self.words)}]" if self.words else ""
        return ", ".join(self.flags) + (f" {self.metavar}" if self.metavar else words)


@dataclass(frozen=True)
class Argument:
    """A word of a line that has its place and no dashes; one that may ``repeat`` stands last, and gives a list."""

    name: str
    help: str
    required: bool = True
    values: str = ""
    key: str = ""
    repeat: bool = False

    @property
    def keyword(self) -> str:
        """The keyword of the function that the argument becomes."""
        return self.key or self.name

    @property
    def label(self) -> str:
        """How the help names it."""
        word = self.name.upper() + (" ..." if self.repeat else "")
        return word if self.required else f"[{word}]"


@dataclass(frozen=True)
class _Defined:
    """What a field says of itself: its words on a line (none where a line has no word for it), and its text."""

    text: str
    options: tuple[Option, ...] = ()


if TYPE_CHECKING:
    from dataclasses import dataclass as theme
else:

    def theme(*, frozen: bool = True, kw_only: bool = False) -> Callable[[type], type]:  # noqa: ARG001 - all are
        """Make a dataclass whose values do not change; a type checker takes it for an ordinary frozen one.

        What `dataclasses` writes and compiles for each class takes 2 ms a theme of thirty options, and every command
        is made of some; these are the same for all.
        """

        def decorate(kind: type) -> type:
            kind.__init__, kind.__setattr__ = _init, _frozen
            return dataclass(init=False, repr=False, eq=False, match_args=False, kw_only=kw_only)(kind)

        return decorate


def _init(self: Any, *args: Any, **keywords: Any) -> None:
    needed, defaults, places = _names_of(self.__class__)
    placed = dict(zip(places, args, strict=False))
    said = {**placed, **keywords}
    if len(said) == len(args) + len(keywords) and needed <= said.keys() <= defaults.keys() | needed:
        # What `Signature.bind` would give, a tenth of an unchanged cell's time sooner.
        self.__dict__.update(defaults)
        self.__dict__.update(said)
        return
    given = _signature(self.__class__).bind(*args, **keywords)
    given.apply_defaults()
    self.__dict__.update(given.arguments)


def _frozen(_: Any, name: str, __: Any) -> None:
    raise FrozenInstanceError(f"cannot assign to field {name!r}")


@cache
def _names_of(kind: Hashable) -> tuple[frozenset[str], dict[str, Any], tuple[str, ...]]:
    """Give what of a theme must be said, what the rest is when it is left out, and what has a place."""
    own = _fields(kind)
    known = {one.name: one.default for one in own}
    needed = frozenset(name for name, default in known.items() if default is MISSING)
    defaults = {name: default for name, default in known.items() if name not in needed}
    return needed, defaults, tuple(one.name for one in own if not one.kw_only)


@cache
def _signature(kind: Hashable) -> inspect.Signature:
    """Give the parameters of a theme, as people read them."""

    def parameter(one: Field[Any]) -> inspect.Parameter:
        way = inspect.Parameter.KEYWORD_ONLY if one.kw_only else inspect.Parameter.POSITIONAL_OR_KEYWORD
        default = inspect.Parameter.empty if one.default is MISSING else one.default
        return inspect.Parameter(one.name, way, default=default, annotation=one.type)

    return inspect.Signature([parameter(one) for one in _fields(kind)])


def option(
    help: str,  # noqa: A002 - the field's own word
    metavar: str = "",
    *short: str,
    default: Any = None,
    python: str = "",
    also: Iterable[Option] = (),
    secret: bool = False,
    **rest: Any,
) -> Any:
    """Define a keyword that is an option of a line too.

    Parameters
    ----------
    help : str
        One phrase, for lines.
    metavar : str
        As of `Option`.
    *short : str
        Flags beside ``--name-of-the-field``; a long one among them stands in its place.
    default : object
    python : str
        What a Python reader is told in place of ``help``, where a line is written in another way.
    also : iterable of Option
        Further options that set the same keyword.
    secret : bool
        Its value may be one: no repr shows it.
    **rest
        As of `Option`.
    """
    first = Option(short, help, metavar, **rest)
    made = _Defined(python or help, (first, *also))
    return field(default=default, kw_only=True, repr=not secret, metadata={_KEY: made})


def argument(text: str) -> dict[str, Any]:
    """Give the metadata of a field that is a parameter with a place: what it is for."""
    return {_KEY: _Defined(text)}


def keyword(text: str, default: Any = None) -> Any:
    """Define a keyword that only Python has."""
    return field(default=default, kw_only=True, metadata={_KEY: _Defined(text)})


def options_of(kind: type, *, without: Iterable[str] = (), only: Iterable[str] = ()) -> tuple[Option, ...]:
    """Give the options of a line that a theme defines: its own first, then those of the themes that it is made of.

    Parameters
    ----------
    kind : type
    without : iterable of str
        Keywords, or short flags, that the line has another use for.
    only : iterable of str
        The only keywords that are meant; without one, every keyword.
    """
    left_out, chosen = frozenset(without), frozenset(only)
    found: list[Option] = []
    for one in _fields(kind):
        defined: _Defined | None = one.metadata.get(_KEY)
        if defined is None or one.name in left_out or (chosen and one.name not in chosen):
            continue
        long = "--" + one.name.strip("_").replace("_", "-")
        for known in defined.options:
            flags = tuple(flag for flag in known.flags if flag not in left_out)
            if not flags or not flags[0].startswith("--"):
                flags = (long, *flags)
            found.append(replace(known, flags=flags, keyword=one.name))
    return tuple(found)


def said(options: Any, kind: type) -> dict[str, Any]:
    """Give what was said of a theme: the keywords that are not what they are when they are left out."""
    return {
        one.name: value
        for one in fields(kind)
        if (value := getattr(options, one.name)) != (None if one.default is MISSING else one.default)
    }


def line(options: Any, kind: type, *, without: Iterable[str] = ()) -> list[str]:
    """Give the words of a line that say what was said of a kind."""
    spoken, found = said(options, kind), []
    for one in options_of(kind, without=without):
        value = spoken.get(one.key)
        if value is None:
            continue
        if not one.metavar:
            found += [one.flags[0]] if value == one.switch else []
            found += [word for name, meant in one.words.items() if value == meant for word in (one.flags[0], name)]
            continue
        for each in value if one.repeat and isinstance(value, list | tuple) else [value]:
            pairs = [f"{name}={text}" for name, text in each.items()] if isinstance(each, Mapping) else [str(each)]
            for text in pairs:
                found += [one.flags[0], text]
    return found


def part(options: Any, kind: Callable[..., T], **changed: Any) -> T:
    """Give what was said of one kind, out of a dataclass that has its fields, with some of them changed."""
    needed, defaults, _ = _names_of(kind)
    return kind(**{name: getattr(options, name) for name in (*needed, *defaults)} | changed)


def takes(kind: Callable[P, T]) -> Callable[[Callable[[S, T], R]], Callable[Concatenate[S, P], R]]:
    """Give a method the fields of a dataclass as its parameters; it is called with one value of that dataclass."""
    parameters = _signature(kind).parameters.values()

    def decorate(method: Callable[[S, T], R]) -> Callable[Concatenate[S, P], R]:
        @wraps(method)
        def called(self: S, /, *args: P.args, **keywords: P.kwargs) -> R:
            try:
                options = kind(*args, **keywords)
            except TypeError as error:
                raise TypeError(f"{method.__name__}() {error}") from None
            return method(self, options)

        own = inspect.signature(method)
        first = next(iter(own.parameters.values()))
        called.__signature__ = own.replace(parameters=[first, *parameters])  # type: ignore[attr-defined]
        called.__doc__ = _documented(method.__doc__ or "", kind)
        return called

    return decorate


def _fields(kind: Any) -> list[Field[Any]]:
    """Give the fields as people read them: a mixture's own before those that are mixed, else a base's first."""
    known, names = {one.name: one for one in fields(kind)}, dict.fromkeys(_names(kind))
    return sorted((known[name] for name in names), key=lambda one: bool(one.kw_only))


def _names(kind: type) -> list[str]:
    own = [name for name in inspect.get_annotations(kind) if not name.startswith("_")]
    bases = [name for base in kind.__bases__ if base is not object for name in _names(base)]
    return [*bases, *own] if len(kind.__bases__) == 1 else [*own, *bases]


def _documented(text: str, kind: Any) -> str:
    """Put the parameters behind what a docstring says first, in front of its sections."""
    head, mark, rest = inspect.cleandoc(text).partition("\n\nRaises\n------")
    lines = ["", "", "Parameters", "----------"]
    for one in _fields(kind):
        defined: _Defined = one.metadata[_KEY]
        lines.append(f"{one.name} : {one.type}")
        lines += textwrap.wrap(defined.text, _WIDTH, initial_indent="    ", subsequent_indent="    ")
    return head + "\n".join(lines) + mark + rest
