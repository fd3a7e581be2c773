"""The first noun of the pipeline: a filter's source, by name."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from wasmnb.compile.errors import CompileError
from wasmnb.errors import BadNameError, Place

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from wasmnb.module import Module
    from wasmnb.progress import Progress

__all__ = ["Filter"]

# One path component of an OCI repository name: what a filter's name becomes when it is pushed
# (OCI distribution spec v1.1, "Pulling manifests", <name>).
_NAME = re.compile(r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*")


@dataclass(frozen=True)
class Filter:
    """The source of a Proxy-Wasm filter.

    Parameters
    ----------
    name : str
        Lower-case letters, digits and single separators (``.``, ``_``, ``-``): it names the image too.
    source : str
        The program text, as in the cell.
    language : str
        ``cpp``, ``rust``, ``go``, ``assemblyscript``: a key of `wasmnb.compile.languages.LANGUAGES`.
    flags : tuple of str
        Extra compiler flags (``-D``, ``-O0`` ...).
    first_line : int
        The number, in the user's cell, of the source's first line: 2 below a ``%%wasm_filter`` line. Every line that is
        reported counts from it.
    files : tuple of (str, str)
        What the program needs beside its source, path and text each: headers, more sources, ``.proto`` files. Paths are
        relative, with ``/``.
    file : str
        The source's own path among the files; empty for a cell.
    folder : str
        The project's folder, absolute; empty for a cell. What its build files name above it is read there.

    Raises
    ------
    BadNameError
        The name cannot be an image's, or a path leads out of the filter.
    """

    name: str
    source: str = field(repr=False)
    language: str = "cpp"
    flags: tuple[str, ...] = ()
    first_line: int = 1
    files: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    file: str = ""
    folder: str = field(default="", compare=False)

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            proposal = re.sub(r"[^a-z0-9]+", "-", self.name.lower()).strip("-") or "my-filter"
            raise BadNameError(
                f"{self.name!r} cannot name a filter, because it could not name its image.",
                where=Place("the filter's name", quote=self.name),
                hint=f"use lower-case letters, digits and '-', for instance {proposal!r}",
            )
        for path, _ in self.files:
            parts = PurePosixPath(path)
            if not path or parts.is_absolute() or ".." in parts.parts or str(parts) != path:
                raise BadNameError(
                    f"{path!r} cannot name a file of a filter.",
                    where=Place("the file's path", quote=path),
                    hint="use a relative path such as 'util.h' or 'limits/bucket.cc'",
                )

    @classmethod
    def from_folder(
        cls, path: str | Path, *, name: str | None = None, language: str | None = None, flags: Sequence[str] = ()
    ) -> Filter:
        """Read a filter from a project folder.

        Parameters
        ----------
        path : str or pathlib.Path
        name : str, optional
            The folder's name.
        language : str, optional
            What the folder's files say.
        flags : sequence of str
            Extra compiler flags.

        Raises
        ------
        BadNameError
            There is no such folder, or its name cannot name a filter.
        UsageError
            The folder holds no filter, or files that are none.
        """
        from wasmnb.compile.folder import read  # noqa: PLC0415

        return read(path, name=name, language=language, flags=tuple(flags))

    def build(self, *, progress: Progress | None = None, force: bool = False) -> Module:
        """Compile and link the filter, or take the module from the cache when nothing changed.

        Parameters
        ----------
        progress : Progress, optional
            Is told about work that takes longer than a moment.
        force : bool
            Compile even when the cache has the module.

        Returns
        -------
        Module
            The stripped module; ``module.build`` says how it came about.

        Raises
        ------
        CompileError, LinkError, ToolchainError, ModuleError
        """
        from wasmnb.compile.diagnostics import in_file  # noqa: PLC0415
        from wasmnb.compile.languages import refuse_folders, toolchain  # noqa: PLC0415

        refuse_folders(self)
        try:
            return toolchain(self.language).build(self, progress=progress, force=force)
        except CompileError as error:
            if not self.file:
                raise
            raise in_file(error, self.file) from None
