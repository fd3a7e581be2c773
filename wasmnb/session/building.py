"""From what a user points at to an image in the store: what was said, read, and carried out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wasmnb.compile import Filter
from wasmnb.errors import BadNameError, Interrupted, UsageError, did_you_mean
from wasmnb.image.reference import LOCAL, Reference, as_name
from wasmnb.module import Module
from wasmnb.session.parsing import text_of
from wasmnb.wording import Option, Verb, Wording

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from wasmnb.image import Image, Store
    from wasmnb.progress import Progress
    from wasmnb.session.filters import Filters
    from wasmnb.wording import Text

__all__ = ["PRECOMPILED", "Order"]

#: The article's word before the file of a module that exists already.
PRECOMPILED = "precompiled"
_ANY = "filter"
_RUNTIME = "runtime-config.json"
_NONE_YET = Wording("no filter has been compiled yet", terminal="a folder is named by its path, such as ./my-filter")


@dataclass(frozen=True)
class Order:
    """An image that is to be built.

    Parameters
    ----------
    what : str, pathlib.Path, Filter or Module
        A module that exists already is one here.
    reference : str
    packaging : dict
        Keywords of `wasmnb.image.package`.
    force : bool
    language : str or None
        Of a source or a folder.
    """

    what: str | Path | Filter | Module
    reference: str
    packaging: dict[str, Any]
    force: bool = False
    language: str | None = None

    @classmethod
    def read(
        cls,
        what: str | Path | Filter | Module,
        file: str | Path | None,
        *,
        reference: str | None,
        annotations: Sequence[str] | Mapping[str, str],
        schema: Mapping[str, Any] | str | Path | None,
        force: bool = False,
        language: str | None = None,
        **packaging: Any,
    ) -> Order:
        """Read what was said; nothing is built.

        Raises
        ------
        UsageError, BadNameError, ConfigError, ModuleError
        """
        if what == PRECOMPILED:
            if file is None:
                raise UsageError(
                    f"{PRECOMPILED} wants the file of a module behind it.",
                    hint=Wording(
                        "{}",
                        Verb("build", (PRECOMPILED, "path/to/filter.wasm"), (Option("tag", "REFERENCE", flag="-t"),)),
                    ),
                )
            what = Module.load(Path(file).expanduser(), name=Path(file).stem)
        elif file is not None:
            raise UsageError(
                f"{str(file)!r} is a word too many behind {_name(what)!r}.",
                hint=Wording(
                    "only {} takes a file after it; an image's name goes after {}",
                    PRECOMPILED,
                    Option("tag", flag="-t"),
                    python=Wording("only {} takes a file after it; an image's name is {}", PRECOMPILED, Option("tag")),
                ),
            )
        reference = reference or f"{LOCAL}/{_name(what)}"
        if Reference.parse(reference).digest:
            raise UsageError(
                f"An image cannot be built as {reference!r}: its digest follows from it.", hint="give only a tag"
            )
        packaging["annotations"] = _annotations(annotations)
        packaging["schema"] = schema if schema is None or isinstance(schema, Mapping) else text_of(schema)
        return cls(what, reference, packaging, force, language)

    def run(
        self,
        filters: Filters,
        store: Store,
        container: str | None,
        how: Mapping[str, Any],
        *,
        progress: Progress | None,
        log: Callable[[str], None] | None,
    ) -> Image:
        """Build, package and keep the image.

        Parameters
        ----------
        filters : Filters
        store : Store
        container : str or None
            The builder image.
        how : mapping
            ``command``, ``target`` and ``pull`` of a build in a container.
        progress : Progress, optional
        log : callable, optional
        """
        if container is None and any(how.values()):
            given = [Option(name) for name, value in how.items() if value]
            said = Wording(", ".join("{}" for _ in given), *given)
            raise UsageError(
                Wording("{} says how a container builds, and none is to build.", said),
                hint=Wording("add {}", Option("in_container")),
            )
        compiled = container is None and self._is_source(filters)
        if self.language is not None and not compiled:
            raise UsageError(
                f"A language is for a source or a folder that is compiled here; {_name(self.what)!r} is neither.",
                hint=Wording("leave {} out", Option("language", flag="--lang")),
            )
        if self.packaging.get("flags") and not compiled:
            raise UsageError(
                f"Compiler flags are for a source or a folder that is compiled here; {_name(self.what)!r} is neither.",
                hint=self._where_flags_go(filters, container),
            )
        try:
            if container is not None:
                return self._in_container(container, store, how, progress, log)
            found = self._module(filters, progress) or self.what
            return self._kept(found, store, progress=progress, force=self.force, language=self.language)
        except KeyboardInterrupt as error:
            if isinstance(error, Interrupted):
                raise
            raise Interrupted(
                f"The build of {self.reference} was stopped.", hint="the store has what it had before"
            ) from None

    def _where_flags_go(self, filters: Filters, container: str | None) -> Text:
        """Say what helps somebody whose compiler flags reach no compiler of ours."""
        if container is not None:
            return Wording("leave them out, or compile with them by {}", Option("command", "COMMAND"))
        if isinstance(self.what, str) and self.what in filters.names():
            options = (Option("include", "FOLDER", flag="-I"),)
            return Wording("give them where it is compiled: {}", Verb("filter", (self.what,), options, cell=True))
        return "leave them out: a module is compiled already"

    def _is_source(self, filters: Filters) -> bool:
        if isinstance(self.what, Filter | Module) or self.what in filters.names():
            return False
        return Path(self.what).suffix != ".wasm"

    def _module(self, filters: Filters, progress: Progress | None) -> Module | None:
        """Give the module that is known already, or made from a filter; None for a path."""
        if isinstance(self.what, Module):
            return self.what
        if isinstance(self.what, Filter):
            return self.what.build(progress=progress, force=self.force)
        if isinstance(self.what, str) and self.what in filters.names():
            known = filters.get(self.what)
            return filters.build(known.filter, force=True, progress=progress).module if self.force else known.module
        path = Path(self.what).expanduser()
        if not path.exists() and len(path.parts) == 1 and not path.suffix:
            known_names = filters.names()
            raise BadNameError(
                f"There is no filter, no file and no folder called {str(self.what)!r}.",
                why=[f"filters: {', '.join(known_names)}"] if known_names else [_NONE_YET],
                hint=did_you_mean(str(self.what), known_names)
                or Wording(
                    "{} makes a filter of a cell",
                    Verb("filter", cell=True),
                    python=Wording("{} makes a filter", Verb("filter", ("NAME", "SOURCE"))),
                    terminal=Wording("{} begins a folder", Verb("init", (str(self.what),))),
                ),
            )
        return None

    def _in_container(
        self,
        container: str,
        store: Store,
        how: Mapping[str, Any],
        progress: Progress | None,
        log: Callable[[str], None] | None,
    ) -> Image:
        from wasmnb.compile.container import build_in_container  # noqa: PLC0415 - for its users only

        if isinstance(self.what, Filter | Module):
            raise UsageError(
                Wording("{} builds a folder, and {} is not one.", Option("in_container"), repr(self.what.name)),
                hint="give the folder's path",
            )
        module = build_in_container(
            self.what, container, name=Reference.parse(self.reference).name, progress=progress, log=log, **how
        )
        beside = Path(self.what).expanduser() / _RUNTIME
        if self.packaging["runtime_config"] is None and beside.is_file():
            return self._kept(module, store, runtime_config=beside)
        return self._kept(module, store)

    def _kept(self, what: str | Path | Filter | Module, store: Store, **other: Any) -> Image:
        from wasmnb.pipeline import build_image  # noqa: PLC0415 - the parser and the store, for their users only

        return build_image(what, self.reference, store=store, **{**self.packaging, **other})


def _name(what: str | Path | Filter | Module) -> str:
    """Give the name that an image gets when the user gives none."""
    if isinstance(what, Filter | Module):
        return as_name(what.name) or _ANY
    path = Path(what).expanduser()
    return as_name(path.resolve().name if path.is_dir() else path.stem) or _ANY


def _annotations(given: Sequence[str] | Mapping[str, str]) -> dict[str, str]:
    """Read ``key=value``.

    Raises
    ------
    UsageError
    """
    if isinstance(given, Mapping):
        return dict(given)
    found: dict[str, str] = {}
    for item in given:
        key, equals, value = item.partition("=")
        if not equals or not key:
            raise UsageError(
                f"{item!r} is not an annotation.", hint="write key=value, for instance 'title=Header filter'"
            )
        if key in found:
            raise UsageError(f"The annotation {key!r} is given twice.", hint="give it once")
        found[key] = value
    return found
