"""From whatever a user points at to an image in the store: a filter, a ``.wasm`` file, a folder."""

from __future__ import annotations

from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wasmnb.build.diagnostics import Diagnostic
from wasmnb.build.filter import Filter
from wasmnb.errors import BadNameError, CompileError, UsageError
from wasmnb.image.layer import RUNTIME
from wasmnb.image.packaging import package
from wasmnb.image.reference import Reference
from wasmnb.image.store import Store
from wasmnb.module.check import check
from wasmnb.module.module import Module

if TYPE_CHECKING:
    from collections.abc import Mapping

    from wasmnb.image.image import Image
    from wasmnb.progress import Progress

__all__ = ["build_image"]

_SOURCES = {".cc": "cpp", ".cpp": "cpp", ".cxx": "cpp"}
_CELL = "cell"  # what compilers call their source
_MAX_SOURCE = 4 * 1024 * 1024


def build_image(
    what: Filter | Module | str | Path,
    tag: str,
    *,
    store: Store | None = None,
    variant: str = "artifact",
    annotations: Mapping[str, str] | None = None,
    runtime_config: Mapping[str, Any] | str | Path | None = None,
    schema: Mapping[str, Any] | str | None = None,
    progress: Progress | None = None,
    force: bool = False,
) -> Image:
    """Build, package and keep an image.

    Parameters
    ----------
    what : Filter, Module, str or pathlib.Path
        A filter; a module that exists already; the path of a module (``.wasm``), of a C++ source, or of a folder that
        holds exactly one of these. A folder's ``runtime-config.json`` is used when ``runtime_config`` is not given.
    tag : str
        The image's reference; ``local/...`` for one that stays on this machine.
    store : Store, optional
        Where to keep it; the user's store when not given.
    variant, annotations, runtime_config, schema
        As of `wasmnb.image.packaging.package`.
    progress : Progress, optional
    force : bool
        Compile even when nothing changed.

    Returns
    -------
    Image

    Raises
    ------
    BadNameError
        The tag is no reference, or there is no such file.
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
        path = _only(given) if given.is_dir() else given
        beside = given / RUNTIME
        if runtime_config is None and beside.is_file():
            runtime_config = beside
        module = _module(path, named.name, progress, force=force)
    known = module.facts.root_ids
    check(module, known[0] if known else None)
    image = package(module, tag, variant=variant, annotations=annotations, runtime_config=runtime_config, schema=schema)
    return (store or Store()).add(image)


def _module(path: Path, name: str, progress: Progress | None, *, force: bool) -> Module:
    if not path.exists():
        near = get_close_matches(path.name, _names(path.parent), n=1)
        hint = (
            f"did you mean {str(path.parent / near[0])!r}?"
            if near
            else "a relative path starts at the notebook's folder"
        )
        raise BadNameError(f"There is no filter and no file {str(path)!r}.", hint=hint)
    if path.suffix == ".wasm":
        return Module.load(path, name=name)
    language = _SOURCES.get(path.suffix)
    if language is None:
        hint = "give a .wasm file, a C++ source (.cc, .cpp), or a folder with one of them"
        raise UsageError(f"An image cannot be built from {path.name!r}.", hint=hint)
    try:
        return Filter(name, _source(path), language).build(progress=progress, force=force)
    except CompileError as error:
        raise _in_file(error, path.name) from None


def _in_file(error: CompileError, file: str) -> CompileError:
    """Give a compiler's error that speaks of a file, and of no cell."""
    where = error.where
    if where is not None and where.text == _CELL:
        where = replace(where, text=file)
    why = [line.replace(f"{_CELL} line ", f"{file} line ") for line in error.why]
    told = type(error)(error.what.replace(f"The {_CELL} ", f"{file} "), where=where, why=why, hint=error.hint)
    told.diagnostics = tuple(
        replace(item, text=file) if isinstance(item, Diagnostic) and item.text == _CELL else item
        for item in error.diagnostics
    )
    return told


def _source(path: Path) -> str:
    try:
        with path.open("rb") as file:
            data = file.read(_MAX_SOURCE + 1)
    except OSError as error:
        raise BadNameError(f"{path} cannot be read.", why=[error.strerror or str(error)], hint="look at it") from error
    if len(data) > _MAX_SOURCE:
        raise UsageError(f"{path} has more than {_MAX_SOURCE:,} bytes.", hint="give the source of a filter")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UsageError(f"{path} is no UTF-8 text.", hint="save it as UTF-8") from error


def _only(folder: Path) -> Path:
    """Give the one file of a folder from which an image can be built."""
    names = [name for name in _names(folder) if Path(name).suffix in (".wasm", *_SOURCES)]
    if len(names) == 1:
        return folder / names[0]
    if not names:
        raise UsageError(
            f"The folder {str(folder)!r} holds nothing to build an image from.",
            hint="it needs one .wasm file, or one C++ source (.cc, .cpp)",
        )
    raise UsageError(
        f"The folder {str(folder)!r} does not say what to build: it holds {len(names)} files that could be meant.",
        why=[", ".join(names[:10])],
        hint=f"name the file, such as {str(folder / names[0])!r}",
    )


def _names(folder: Path) -> list[str]:
    try:
        return sorted(item.name for item in folder.iterdir() if item.is_file() and not item.name.startswith("."))
    except OSError:
        return []
