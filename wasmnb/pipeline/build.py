"""From whatever a user points at to an image in the store: a filter, a ``.wasm`` file, a folder."""

from __future__ import annotations

from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wasmnb.compile.diagnostics import Diagnostic
from wasmnb.compile.filter import Filter
from wasmnb.compile.folder import guess, read_source, text_of
from wasmnb.compile.languages import LANGUAGES
from wasmnb.errors import BadNameError, UsageError
from wasmnb.image.layer import RUNTIME
from wasmnb.image.packaging import package
from wasmnb.image.reference import Reference
from wasmnb.image.runtime_config import without_stale_abi
from wasmnb.image.store import Store
from wasmnb.module.check import check
from wasmnb.module.module import BuildRecord, Module
from wasmnb.wording import RELATIVE, Option, Wording

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from wasmnb.image.image import Image
    from wasmnb.progress import Progress

__all__ = ["SCHEMA", "build_image"]

#: Where a project folder has the JSON Schema of its configuration.
SCHEMA = "schema.json"
_MAGIC = b"\0asm"


def build_image(
    what: Filter | Module | str | Path,
    tag: str,
    *,
    store: Store | None = None,
    variant: str = "artifact",
    annotations: Mapping[str, str] | None = None,
    runtime_config: Mapping[str, Any] | str | Path | None = None,
    schema: Mapping[str, Any] | str | None = None,
    flags: Sequence[str] = (),
    language: str | None = None,
    progress: Progress | None = None,
    force: bool = False,
) -> Image:
    """Build, package and keep an image.

    Parameters
    ----------
    what : Filter, Module, str or pathlib.Path
        A filter; a module that exists already; the path of a module (``.wasm``), of a source, of a folder that holds
        one module, or of a project folder (`Filter.from_folder`). A folder's ``runtime-config.json`` and
        ``schema.json`` are used when ``runtime_config`` and ``schema`` are not given.
    tag : str
        The image's reference; ``local/...`` for one that stays on this machine.
    store : Store, optional
        Where to keep it; the user's store when not given.
    variant, annotations, runtime_config, schema
        As of `wasmnb.image.packaging.package`.
    flags : sequence of str
        Compiler flags for a source or a folder.
    language : str, optional
        Of a source or a folder; what its name, or the folder's files, say.
    progress : Progress, optional
    force : bool
        Compile even when nothing changed.

    Returns
    -------
    Image

    Raises
    ------
    BadNameError
        The tag is not a reference, or there is no such file.
    UsageError
        The file is of no known kind, the folder does not say what to build, or the tag has a digest.
    ModuleError
        The module is one that Envoy would refuse.
    CompileError, LinkError, ToolchainError, ConfigError, ImageError
    """
    named = Reference.parse(tag)
    if named.digest:
        raise UsageError(f"An image cannot be built as {tag!r}: its digest follows from it.", hint="give only a tag")
    if isinstance(what, Module):
        module = what
    elif isinstance(what, Filter):
        module = what.build(progress=progress, force=force)
    else:
        given = Path(what).expanduser()
        described = given / SCHEMA
        if schema is None and described.is_file():
            schema = text_of(described)
        found = _found(given, named.name, flags, language)
        module = found if isinstance(found, Module) else found.build(progress=progress, force=force)
        if runtime_config is None and (given / RUNTIME).is_file():
            module, runtime_config = _with_runtime_config(module, given / RUNTIME)
    known = module.facts.root_ids
    check(module, known[0] if known else None, host=module.facts.host)
    image = package(module, tag, variant=variant, annotations=annotations, runtime_config=runtime_config, schema=schema)
    return (store or Store()).add(image)


def _with_runtime_config(module: Module, path: Path) -> tuple[Module, Mapping[str, Any]]:
    """Take a folder's own file; that it is stale is a warning of the build."""
    config, stale = without_stale_abi(path, module.facts)
    if stale:
        record = module.build or BuildRecord(0.0, cached=True)
        warnings = (*record.warnings, Diagnostic("warning", stale, text=path.name))
        module = replace(module, build=replace(record, warnings=warnings))
    return module, config


def _found(path: Path, name: str, flags: Sequence[str], language: str | None) -> Module | Filter:
    """Read what a path names."""
    if path.is_dir():
        return _in_folder(path, name, flags, language)
    if not path.exists():
        near = get_close_matches(path.name, _names(path.parent), n=1)
        hint = f"did you mean {str(path.parent / near[0])!r}?" if near else RELATIVE
        raise BadNameError(f"There is no filter and no file {str(path)!r}.", hint=hint)
    if path.suffix == ".wasm":
        return Module.load(path, name=name)
    known = LANGUAGES.loaded()
    word = language or next((word for word, one in known.items() if path.suffix in one.suffixes), None)
    if word is None:
        raise UsageError(
            f"An image cannot be built from {path.name!r}.",
            hint=Wording(
                "give a .wasm file, a source (.cc, .rs, .go, .ts), or a folder; {} says what another source is in",
                Option("language", flag="--lang"),
            ),
        )
    return read_source(path, name=name, language=word, flags=tuple(flags))


def _in_folder(folder: Path, name: str, flags: Sequence[str], language: str | None) -> Module | Filter:
    language = language or guess(folder)
    if language is not None:
        # A module beside the sources is what some build made of them once.
        return Filter.from_folder(folder, name=name, language=language, flags=flags)
    modules = [item for item in _names(folder) if _is_module(folder / item)]
    if len(modules) == 1:
        return Module.load(folder / modules[0], name=name)
    if not modules:
        return Filter.from_folder(folder, name=name, flags=flags)
    raise UsageError(
        f"The folder {str(folder)!r} does not say what to build: it holds more than one thing that could be meant.",
        why=[", ".join(modules[:10])],
        hint=f"name the file, such as {str(folder / modules[0])!r}",
    )


def _is_module(path: Path) -> bool:
    """Tell a module from a text with that ending, such as bazel's ``BUILD.wasm``."""
    if path.suffix != ".wasm":
        return False
    try:
        with path.open("rb") as file:
            return file.read(len(_MAGIC)) == _MAGIC
    except OSError:
        return False


def _names(folder: Path) -> list[str]:
    try:
        return sorted(item.name for item in folder.iterdir() if item.is_file() and not item.name.startswith("."))
    except OSError:
        return []
