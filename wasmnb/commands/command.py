"""One definition per magic: it gives the parser, the help, the docstring, the completion and the reference."""

from __future__ import annotations

import shlex
import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from wasmnb import redact
from wasmnb.commands.line import Word, expand, place, split, uncommented, value_of
from wasmnb.errors import UsageError, did_you_mean
from wasmnb.options import Argument, Option
from wasmnb.wording import Front, Verb, Wording

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from wasmnb.session import Session
    from wasmnb.wording import Text

__all__ = ["Argument", "Command", "Option", "Parsed"]


@dataclass(frozen=True)
class Parsed:
    """A parsed line: keywords for the session's method, and what only the magic is concerned with."""

    keywords: dict[str, Any]
    help: bool = False
    silent: bool = False


_HELP = Option(("--help", "-h"), "show this help")
_DASHES = ("\u2013", "\u2014", "\u2212")  # what editors and pages make of a minus
_SHORT = 2  # characters of a short option
_ALIKE = {"--watch": "--follow", "--follow": "--watch"}  # what some commands call so is the other for others
_FEW, _WIDE = 3, 200  # commands that are named instead, and columns of a line of an error
_NARROW, _NARROWEST = 70, 24  # columns of a terminal, and of a help's texts


@dataclass(frozen=True)
class Command:
    """A command: its words, and the method of the session that it calls, whose result is the command's.

    Parameters
    ----------
    name : str
        With ``wasm_``, without ``%``.
    summary : str
        One sentence.
    call : callable
        Called with the session and the keywords, and ``progress`` when ``slow``.
    body : bool
        It is a cell magic too; the keyword ``source`` is the cell's body.
    free : str
        What ``key=value`` words are, for a magic that takes any; they become keywords.
    own : tuple of str
        Keywords that are for the magic and not for the method.
    after : callable, optional
        Called with the result, the ``own`` keywords and the notebook's variables, which it may set; gives the result.
    cell : callable, optional
        Called with the session and the keywords; gives the text of a cell that the front end proposes as the next one.
    private : str
        Somebody will write a password on the line: no error quotes any of it, and this is the way out that is named.
    """

    name: str
    summary: str
    call: Callable[..., Any]
    arguments: tuple[Argument, ...] = ()
    options: tuple[Option, ...] = ()
    examples: tuple[str, ...] = ()
    body: bool = False
    slow: bool = False
    free: str = ""
    own: tuple[str, ...] = ()
    after: Callable[[Any, Mapping[str, Any], dict[str, Any]], Any] | None = None
    cell: Callable[[Session, Mapping[str, Any]], str] | None = None
    private: str = ""

    @property
    def prefix(self) -> str:
        """``%%`` for what is mostly written over a cell."""
        return "%%" if self.body else "%"

    @property
    def all_options(self) -> tuple[Option, ...]:
        """The options, ``--help`` included."""
        return (*self.options, _HELP)

    def option(self, flag: str) -> Option | None:
        """Give the option of that flag."""
        return next((option for option in self.all_options if flag in option.flags), None)

    @property
    def verb(self) -> str:
        """What a shell calls it."""
        return self.name.removeprefix("wasm_")

    def spoken(self, reader: Front) -> str:
        """Give its name as this reader writes it."""
        return f"wasmnb {self.verb}" if reader is Front.SHELL else f"{self.prefix}{self.name}"

    def examples_for(self, reader: Front) -> list[str]:
        """Give the examples that this reader can write: a shell has no cells, no variables of a notebook, no steps."""
        if reader is not Front.SHELL:
            return list(self.examples)
        start = f"{self.name} "
        lines = (example.lstrip("%") for example in self.examples if not example.startswith("%%"))
        return [
            f"wasmnb {self.verb} {line.removeprefix(start)}" if line.startswith(start) else f"wasmnb {self.verb}"
            for line in lines
            if "$" not in line and line.split()[0] == self.name
        ]

    def help(self, reader: Front = Front.NOTEBOOK, *, columns: int = 90) -> str:
        """Give the help page."""
        words = [argument.label for argument in self.arguments]
        words += ["[KEY=VALUE ...]"] if self.free else []
        lines = [" ".join([self.spoken(reader), *words, "[options]"]), ""]
        lines += textwrap.wrap(self.summary, columns) if reader is Front.SHELL else [self.summary]
        rows = [(argument.label, argument.help) for argument in self.arguments]
        rows += [
            (option.label, option.help + (" (may be repeated)" if option.repeat else "")) for option in self.all_options
        ]
        # In a narrow terminal each text stands below its word.
        width = min(30, max(len(label) for label, _ in rows) + 2) if columns >= _NARROW else 4
        lines.append("")
        for label, help_text in rows:
            first, *rest = textwrap.wrap(help_text, max(columns - 2 - width, _NARROWEST))
            lines.append(f"  {label:<{width}}{first}" if len(label) < width else f"  {label}\n  {'':<{width}}{first}")
            lines.extend(f"  {'':<{width}}{line}" for line in rest)
        free = textwrap.wrap(self.free, columns) if reader is Front.SHELL else [self.free]
        lines += ["", *free] if self.free else []
        examples = self.examples_for(reader)
        lines += ["", "Examples:", *(f"  {example}" for example in examples)] if examples else []
        return "\n".join(lines)

    def parse(self, line: str, names: Mapping[str, Any], percent: str = "%") -> Parsed:
        """Read a line.

        Parameters
        ----------
        line : str
            What stands behind the magic's name.
        names : mapping
            The notebook's variables.
        percent : str
            ``%`` or ``%%``, as it was written.

        Raises
        ------
        UsageError
            It has a word that the magic does not take, or lacks one.
        """
        start = f"{percent}{self.name} "
        whole = uncommented(start + line, len(start)).rstrip()
        silent = whole.endswith(";") and not whole.endswith("\\;")
        try:
            words = split(whole[:-1] if silent else whole, len(start))
            _refuse_several(words, whole)
            if any(word.text in _HELP.flags and not word.literal for word in words):
                return Parsed({}, help=True)
            reader = _Reader(self, whole, self.spoken(Front.NOTEBOOK), _magics(), names)
            return Parsed(reader.read(words), silent=silent)
        except UsageError as error:
            redact.error(error, redact.secrets_in(line))
            if self.private:
                error.withhold_place()
            raise

    def parse_words(self, given: Sequence[str], others: Iterable[Command] = ()) -> Parsed:
        """Read the words behind the verb, as a shell has split them: nothing in them is left to expand.

        Parameters
        ----------
        given : sequence of str
        others : iterable of Command
            What else the shell has: an option that is wrong here may be one of theirs.

        Raises
        ------
        UsageError
            One of them is not what the command takes, or one is missing.
        """
        line, words = self.spoken(Front.SHELL), []
        for text in given:
            start, line = len(line) + 1, f"{line} {shlex.quote(text)}"
            words.append(Word(text, start, len(line), ((text, True),)))
        ours = given[: given.index("--")] if "--" in given else given
        if any(text in _HELP.flags for text in ours):
            return Parsed({}, help=True)
        try:
            return Parsed(_Reader(self, line, self.spoken(Front.SHELL), others).read(words))
        except UsageError as error:
            redact.error(error, redact.secrets_in(line))
            if self.private:
                error.withhold_place()
            raise


def _refuse_several(words: Sequence[Word], line: str) -> None:
    """Refuse what stands behind a semicolon: IPython makes one magic of the line, and the rest would not be run."""
    for word in words[:-1]:
        if line[word.end - 1] == ";" and line[word.end - 2] != "\\":
            raise UsageError(
                "A line holds one magic, and something follows its semicolon.",
                where=place(line, word.end - 1),
                hint="write each on a line of its own, or put a semicolon that is meant as itself in quotes",
            )


def _magics() -> Iterator[Command]:
    from wasmnb.commands import COMMANDS  # noqa: PLC0415 - it imports the modules of all commands, and they this

    yield from COMMANDS.values()


class _Reader:
    """Reads the words of one line; without ``names``, a word is what stands there."""

    def __init__(
        self,
        command: Command,
        line: str,
        spoken: str,
        others: Iterable[Command],
        names: Mapping[str, Any] | None = None,
    ) -> None:
        self.command, self.line, self.spoken, self.others, self.names = command, line, spoken, others, names
        self.found: dict[str, Any] = {}
        self.places: list[Any] = []

    def read(self, words: Sequence[Word]) -> dict[str, Any]:
        rest = list(words)
        only_places = False
        while rest:
            word = rest.pop(0)
            if word.text == "--" and not word.literal:
                only_places = True
            elif word.text.startswith(_DASHES) and not (only_places or word.literal or self.command.private):
                raise self._wrong(
                    f"has {word.text!r}, which begins with a dash that is no minus.",
                    word,
                    hint=f"write {'-' * (1 + (len(word.text) > _SHORT))}{word.text.lstrip('-' + ''.join(_DASHES))}",
                )
            elif word.text.startswith("-") and len(word.text) > 1 and not only_places and not word.literal:
                self._option(word, rest)
            elif self.command.free:
                self._free(word)
            else:
                self._positional(word)
        missing = [argument for argument in self.command.arguments if argument.required]
        for argument in missing[len(self.places) :]:
            raise self._wrong(f"needs {argument.label}: {argument.help}.", hint=f"{self.spoken} --help")
        return self.found

    def _option(self, word: Word, rest: list[Word]) -> None:
        flag, equals, _ = word.text.partition("=")
        option = self.command.option(flag)
        if option is None and self.command.private:
            raise self._wrong("was given an option that it does not have.", hint=self.command.private)
        if option is None:
            raise self._unknown(flag, word)
        if not option.metavar:
            said = value_of(word) if equals else rest[0] if rest else None
            if said is not None and said.text in option.words:
                self.found[option.key] = option.words[said.text]
                del rest[: 0 if equals else 1]
                return
            if equals:
                raise self._wrong(f"takes no value for {flag}.", word, hint=f"write {flag} alone")
            self.found[option.key] = option.switch
            return
        if equals:
            value = value_of(word) or Word("", word.end, word.end)
        elif rest and (rest[0].literal or not self.command.option(rest[0].text.partition("=")[0])):
            value = rest.pop(0)
        else:
            raise self._wrong(f"needs a value after {flag}.", word, hint=f"write {flag} {option.metavar}")
        self._store(option, flag, value)

    def _unknown(self, flag: str, word: Word) -> UsageError:
        flags = [known for option in self.command.all_options for known in option.flags]
        others = [one for one in self.others if one.option(flag) and not one.private]
        alike = _ALIKE.get(flag)
        near = did_you_mean(alike if alike in flags else flag, flags)
        if alike not in flags and 1 <= len(others) <= _FEW:
            verbs = [Verb(one.name.removeprefix("wasm_"), cell=one.prefix == "%%") for one in others]
            *first, last = ["{}"] * len(verbs)
            owners = Wording(" and ".join(filter(None, [", ".join(first), last])), *verbs)
            return self._wrong(f"has no option {flag}.", word, hint=Wording("it is an option of {}", owners))
        why = () if near else textwrap.wrap(f"its options: {', '.join(flags)}", _WIDE, break_on_hyphens=False)
        return self._wrong(f"has no option {flag}.", word, why=why, hint=near or f"{self.spoken} --help")

    def _store(self, option: Option, flag: str, word: Word) -> None:
        try:
            value = option.read(self._value(word))
        except (ValueError, TypeError):
            raise self._wrong(
                f"cannot use {word.text!r} as {option.metavar} of {flag}.", word, hint=f"{flag}: {option.help}"
            ) from None
        if option.repeat:
            self.found.setdefault(option.key, []).append(value)
        elif option.key in self.found:
            raise self._wrong(f"has {flag} twice.", word, hint="give it once")
        else:
            self.found[option.key] = value

    def _free(self, word: Word) -> None:
        key, equals, _ = word.text.partition("=")
        value = value_of(word)
        if not equals or value is None:
            raise self._wrong(f"takes key=value, not {word.text!r}.", word, hint=f"write {key or 'key'}=VALUE")
        self.found[key] = self._value(value)

    def _positional(self, word: Word) -> None:
        if self.places and self.places[-1].repeat:
            self.found[self.places[-1].keyword].append(self._value(word))
            return
        if len(self.places) == len(self.command.arguments) and self.command.private:
            raise self._wrong("takes no more words.", hint=self.command.private)
        if len(self.places) == len(self.command.arguments):
            takes = ", ".join(argument.label for argument in self.command.arguments) or "nothing but its options"
            raise self._wrong(
                f"does not expect {word.text!r}.",
                word,
                why=[f"it takes {takes}"],
                hint=self._too_many(word.text),
            )
        argument = self.command.arguments[len(self.places)]
        self.places.append(argument)
        value = self._value(word)
        self.found[argument.keyword] = [value] if argument.repeat else value

    def _too_many(self, word: str) -> str:
        texts = [value for value in self.found.values() if isinstance(value, str)]
        if word.endswith(("}", "]")) or any(value.startswith(("{", "[")) for value in texts):
            return 'put single quotes around JSON: --config \'{"name": "value"}\''
        return "put quotes around a value that has blanks in it" if self.command.arguments else "leave it out"

    def _wrong(self, what: str, word: Word | None = None, *, why: Sequence[str] = (), hint: Text = "") -> UsageError:
        where = place(self.line, word.start) if word is not None else None
        return UsageError(f"{self.spoken} {what}", where=where, why=why, hint=hint)

    def _value(self, word: Word) -> Any:
        return word.text if self.names is None else expand(word, self.names, self.line)


def method(name: str) -> Callable[..., Any]:
    """Make the ``call`` of a command: the session's method of that name."""

    def call(session: Session, **keywords: Any) -> Any:
        return getattr(session, name)(**keywords)

    call.__name__ = name
    return call
