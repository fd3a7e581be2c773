"""Writing a project folder: source, build file, schema, configuration, test, and a manifest for the mesh."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wasmnb.compile.filter import Filter
from wasmnb.compile.languages import LANGUAGES, toolchain
from wasmnb.display import Column, Table
from wasmnb.display.result import Dated, Tabled
from wasmnb.errors import BadNameError, UsageError
from wasmnb.paths import write_atomically
from wasmnb.plugin.rendering import TARGETS
from wasmnb.project.files import files
from wasmnb.project.templates import TEMPLATES, layout
from wasmnb.wording import Option, Wording

__all__ = ["Project", "choices", "init_project"]

#: What a project is made of when nothing else is said.
DEFAULTS = {"language": "cpp", "template": "add-header", "platform": "istio"}


@dataclass(frozen=True)
class Project(Dated, Tabled):
    """A project folder that was written.

    Parameters
    ----------
    path : pathlib.Path
    name : str
        Of the filter.
    language, template, platform : str
    files : tuple of str
        What was written, relative to the folder.
    replaced : tuple of str
        Those of them that had been there, with another content.
    assumed : tuple of str
        Which of language, template and platform nobody had said.
    """

    path: Path
    name: str
    language: str
    template: str
    platform: str
    files: tuple[str, ...]
    replaced: tuple[str, ...] = ()
    assumed: tuple[str, ...] = ()

    @property
    def filter(self) -> Filter:
        """The filter that the folder is now."""
        return Filter.from_folder(self.path, name=self.name, language=self.language)

    @property
    def table(self) -> Table:
        """The files in rows: ``file`` (``string``) and ``replaced`` (``boolean``)."""
        columns = (Column("file"), Column("replaced", "boolean"))
        return Table(columns, tuple((path, path in self.replaced) for path in self.files))

    def to_dict(self) -> dict[str, Any]:
        """Give plain JSON values."""
        return {
            "path": str(self.path),
            "name": self.name,
            "language": self.language,
            "template": self.template,
            "platform": self.platform,
            "files": list(self.files),
            "replaced": list(self.replaced),
            "assumed": list(self.assumed),
            "at": self.at.isoformat(),
        }


def choices() -> dict[str, list[tuple[str, str]]]:
    """Give what can be chosen for a project, by keyword: words and what they are called, the usual one first."""
    languages = [(word, one.name) for word, one in LANGUAGES.loaded().items() if one.layout]
    kinds = [(word, f"{word}: {one.about}") for word, one in TEMPLATES.loaded().items()]
    platforms = [(word, one.name) for word, one in TARGETS.loaded().items()]
    return {"language": languages, "template": kinds, "platform": platforms}


def init_project(
    destination: str | Path,
    *,
    language: str | None = None,
    template: str | None = None,
    platform: str | None = None,
    name: str | None = None,
    force: bool = False,
) -> Project:
    """Write a project folder that is built and tested with the language's own tools alone.

    Parameters
    ----------
    destination : str or pathlib.Path
        The folder; made when it is not there.
    language : str, optional
        A key of `wasmnb.compile.languages.LANGUAGES`; ``cpp``.
    template : str, optional
        A name in `wasmnb.project.TEMPLATES`; ``add-header``.
    platform : str, optional
        A name in `wasmnb.plugin.rendering.TARGETS`, for the manifest in ``deploy``; ``istio``.
    name : str, optional
        The filter's name; the folder's.
    force : bool
        Write over files that are there. Other files of the folder stay as they are.

    Raises
    ------
    UsageError
        A word is not one of those there are, or files would be overwritten: then nothing has been written.
    BadNameError
        The name cannot name a filter, or the folder cannot be written.
    """
    said = {"language": language, "template": template, "platform": platform}
    chosen = {key: DEFAULTS[key] if value is None else value for key, value in said.items()}
    toolchain(chosen["language"])  # raises for a word that is none
    one = TEMPLATES.load(chosen["template"])
    target = TARGETS.load(chosen["platform"])
    folder = Path(destination).expanduser()
    name = Filter(name or _named(folder), "").name
    where = layout(chosen["language"])
    if where is None or one.source(chosen["language"]) is None:
        known = ", ".join(LANGUAGES.load(word).name for word in one.languages())
        what = f"There is no template {one.word} in {LANGUAGES.load(chosen['language']).name}."
        raise UsageError(what, hint=f"it is there in {known}")
    made = files(name, chosen["language"], where, one, target)
    there = _there(folder, made)
    if there and not force:
        raise UsageError(
            f"The folder {str(destination)!r} has files that would be overwritten; nothing has been written.",
            why=[", ".join(there[:8]) + (f" and {len(there) - 8} more" if len(there) > 8 else "")],  # noqa: PLR2004
            hint=Wording("give another folder, or {} to write over them", Option("force", value=True)),
        )
    try:
        for path, data in made.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            write_atomically(folder / path, data)
            (folder / path).chmod(0o644)
    except OSError as error:
        raise BadNameError(
            f"The folder {str(destination)!r} cannot be written.",
            why=[error.strerror or str(error)],
            hint="give a folder that you may write to",
        ) from error
    assumed = tuple(key for key, value in said.items() if value is None)
    words = (chosen["language"], chosen["template"], chosen["platform"])
    return Project(folder, name, *words, files=tuple(made), replaced=tuple(there), assumed=assumed)


def _named(folder: Path) -> str:
    return re.sub(r"[^a-z0-9]+", "-", folder.resolve().name.lower()).strip("-") or "my-filter"


def _there(folder: Path, files: dict[str, bytes]) -> list[str]:
    """List the files that are there with another content."""
    if folder.exists() and not folder.is_dir():
        raise BadNameError(f"{str(folder)!r} is a file, and no folder.", hint="give another name")
    return [path for path, data in files.items() if _differs(folder / path, data)]


def _differs(path: Path, data: bytes) -> bool:
    try:
        return path.read_bytes() != data
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True
