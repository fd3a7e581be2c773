"""The cases of a project folder: where their files are, and the module that they are about."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from wasmnb.cases.reader import PATTERN, load
from wasmnb.compile import Filter
from wasmnb.compile.folder import guess
from wasmnb.errors import UsageError
from wasmnb.image.layer import RUNTIME
from wasmnb.image.runtime_config import agreed
from wasmnb.module import Module

if TYPE_CHECKING:
    from wasmnb.cases.model import Case, Suite
    from wasmnb.progress import Progress

__all__ = ["case_files", "module_of", "project_of", "rooted", "suites"]

_TESTS = ("tests", "test")


def case_files(folder: str | Path) -> list[Path]:
    """List the files of cases in a project folder: those in it, and in its ``tests``."""
    root = Path(folder)
    return [file for place in (root, *(root / name for name in _TESTS)) for file in sorted(place.glob(PATTERN))]


def suites(folder: str | Path) -> list[Suite]:
    """Read every file of cases in a project folder.

    Raises
    ------
    UsageError
        There is none.
    ConfigError
        One says something that is no case.
    """
    files = case_files(folder)
    if not files:
        raise UsageError(
            f"The folder {str(folder)!r} holds no cases.", hint=f"write tests/NAME{PATTERN[1:]}, as docs/tests.md tells"
        )
    return [load(file) for file in files]


def project_of(file: Path) -> Path:
    """Give the project folder that a file of cases belongs to."""
    folder = file.resolve().parent
    return folder.parent if folder.name in _TESTS else folder


def module_of(suite: Suite, *, progress: Progress | None = None) -> Module:
    """Give the module that a file's cases are about: the one that it names, or what its project folder builds.

    Raises
    ------
    UsageError
        It names none, and the folder holds no filter.
    ModuleError, CompileError, ToolchainError
    """
    file = Path(suite.source)
    if suite.module:
        return Module.load((suite.folder or file.parent) / suite.module)
    project = project_of(file)
    if guess(project) is None:
        raise UsageError(
            f"{suite.source} says nothing of a module, and the folder {project.name!r} holds no filter.",
            hint="write env: {wasm_path: filter.wasm} into it",
        )
    return Filter.from_folder(project).build(progress=progress)


def rooted(case: Case, suite: Suite, module: Module) -> Case:
    """Give a case the root id that its project says, where neither the case nor the module says one.

    A module that other tools built from C++ registers its root ids when it runs, and does not tell them.

    Raises
    ------
    ConfigError
        The project's ``runtime-config.json`` contradicts the module.
    """
    file = project_of(Path(suite.source)) / RUNTIME
    said = case.filters or case.environment.root_id is not None or module.facts.root_ids is not None
    if said or not file.is_file():
        return case
    named = agreed(file, module.facts)["config"]["rootIds"]
    return replace(case, environment=replace(case.environment, root_id=named[0])) if named else case
