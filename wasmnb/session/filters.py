"""The filters of a session, by name: what was compiled last, and whether it still is what the cell says."""

from __future__ import annotations

from collections import deque
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

from wasmnb.compile import Filter
from wasmnb.compile.errors import CompileError
from wasmnb.errors import BadNameError, Interrupted, ToolchainError, UsageError, did_you_mean
from wasmnb.module import Module
from wasmnb.session.files import SessionFiles
from wasmnb.session.results import BuildTime, FilterResult
from wasmnb.wording import RELATIVE, Verb, Wording, joined

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from wasmnb.compile.languages import Guess
    from wasmnb.progress import Progress

__all__ = ["Filters", "guessed_language"]


@contextmanager
def guessed_language(guessed: Guess | None) -> Iterator[None]:
    """Say with a compiler's error that the language was a guess: the compiler may be the wrong one."""
    try:
        yield
    except CompileError as error:
        if guessed is not None and guessed.doubtful:
            error.advise(joined(error.hint_value, Wording("the source was {}", guessed.words)))
        raise
    except ToolchainError as error:
        if guessed is not None and guessed.doubtful:
            error.add_why(Wording("the source was {}", guessed.words))
        raise


_MOST_TIMES = 200
_FAILED = "The filter {name!r} did not compile when its cell was last run."
_NONE_YET = Wording("no filter has been compiled yet", terminal="a filter's name is known in a notebook only")


@dataclass
class _Known:
    filter: Filter
    module: Module | None = None
    named: tuple[str, ...] = ()


class Filters:
    """Filters by name, each with its module once it compiled."""

    def __init__(self) -> None:
        self._known: dict[str, _Known] = {}
        self.times: deque[BuildTime] = deque(maxlen=_MOST_TIMES)
        self.files = SessionFiles()

    def names(self) -> list[str]:
        """List the names, in the order they came."""
        return list(self._known)

    def failure(self, name: str) -> str:
        """Say that the cell of a filter did not compile when it was last run; empty for another one."""
        known = self._known.get(name)
        return _FAILED.format(name=name) if known is not None and known.module is None else ""

    def using(self, path: str) -> tuple[str, ...]:
        """Give the names of the filters that a file was compiled into."""
        return tuple(name for name, known in self._known.items() if any(path == own for own, _ in known.filter.files))

    def flags(self, path: str) -> tuple[str, ...]:
        """Give the flags that a file was compiled with last."""
        using = self.using(path)
        return self._known[using[-1]].filter.flags if using else ()

    def build(
        self, wanted: Filter, *, named: Sequence[str] = (), force: bool = False, progress: Progress | None = None
    ) -> FilterResult:
        """Compile a filter with the session's files that it needs, unless it is the one that is known already.

        A filter that does not compile is remembered without a module, so that what an older text of the same cell
        gave cannot be deployed by mistake.

        Raises
        ------
        UsageError
            There is no source.
        CompileError, LinkError, ToolchainError, ModuleError
        Interrupted
        """
        start = perf_counter()
        if not wanted.source.strip():
            raise UsageError(
                f"The filter {wanted.name!r} has no source.",
                hint=Wording(
                    "write the program below the line {}",
                    Verb("filter", (wanted.name,), cell=True),
                    python=Wording("give the program: {}", Verb("filter", (wanted.name, "SOURCE"))),
                ),
            )
        wanted = self.files.beside(wanted, named)
        known = self._known.get(wanted.name)
        # What lies in folders of headers is looked at by the compiler's own cache.
        alone = not any(flag.startswith(("-I", "--with=")) for flag in wanted.flags)
        if known is not None and known.module is not None and known.filter == wanted and not force and alone:
            took = perf_counter() - start
            return FilterResult(known.filter, known.module, unchanged=True, stages=(("compare", took),))
        before = known.module if known is not None else None
        self._known[wanted.name] = known = _Known(wanted, named=tuple(named))
        try:
            known.module = wanted.build(progress=progress, force=force)
        except KeyboardInterrupt:
            raise Interrupted(
                f"The compiler was stopped; the filter {wanted.name!r} has no module now.",
                hint=Wording(
                    "run the cell again; what is deployed stays as it is",
                    python="compile it again; what is deployed stays as it is",
                ),
            ) from None
        record = known.module.build
        stages: tuple[tuple[str, float], ...] = record.stages if record is not None else ()
        rest = perf_counter() - start - sum(seconds for _, seconds in stages)
        stages = (*stages, ("rest" if stages else "cache", rest))
        self.times.append(BuildTime(datetime.now(timezone.utc), wanted.name, wanted.language, stages))
        unchanged = known.module == before and record is not None and record.cached
        return FilterResult(wanted, known.module, unchanged=unchanged, stages=stages)

    def get(self, name: str) -> FilterResult:
        """Give a filter that compiled.

        Raises
        ------
        BadNameError
            There is no filter of that name.
        CompileError
            Its cell did not compile when it was last run.
        """
        known = self._known.get(name)
        if known is None and "/" in name:
            raise BadNameError(
                f"There is no filter, no file and no folder called {name!r}.",
                hint=joined("give a filter's name, a .wasm file or a folder, and no image", RELATIVE),
            )
        if known is None:
            raise BadNameError(
                f"There is no filter called {name!r}.",
                why=[f"available: {', '.join(self._known)}"] if self._known else [_NONE_YET],
                hint=did_you_mean(name, self._known)
                or Wording(
                    "a cell that begins with {} makes it",
                    Verb("filter", (name,), cell=True),
                    python=Wording("{} makes it", Verb("filter", (name, "SOURCE"))),
                    terminal=Wording(
                        "{} builds a folder, {} shows the images", Verb("build", (f"./{name}",)), Verb("list")
                    ),
                ),
            )
        if known.module is None:
            raise CompileError(
                _FAILED.format(name=name),
                hint="correct the cell and run it again; an older module is not used in its place",
                code="WNB2024",
            )
        if self.files.names() and self.files.beside(known.filter, known.named) != known.filter:
            # A file was written anew since: an older module is not used in its place.
            return self.build(known.filter, named=known.named)
        return FilterResult(known.filter, known.module, unchanged=True)

    def module(self, named: str | Filter | Module, *, progress: Progress | None = None) -> Module:
        """Give the module that a name, a filter, a ``.wasm`` file or a module stands for."""
        if isinstance(named, Module):
            return named
        if isinstance(named, Filter):
            return named.build(progress=progress)
        if named.endswith(".wasm"):
            return Module.load(named, name=Path(named).stem)
        return self.get(named).module
