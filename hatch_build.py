"""Puts the C and C++ runtime and the SDK's objects into a wheel, so that nobody's first cell waits for them."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

_LIBRARIES = Path("wasmnb", "sdk", "lib")
_OBJECTS = Path("wasmnb", "sdk", "objects")


class RuntimeHook(BuildHookInterface):  # type: ignore[misc]
    """Builds both for a wheel; an editable installation uses the user's cache instead."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002
        """Fill ``wasmnb/sdk/lib`` and ``wasmnb/sdk/objects`` before the wheel is made.

        Parameters
        ----------
        version : str
            ``standard``, or ``editable``.
        build_data : dict
            What hatchling adds to the wheel.
        """
        if self.target_name != "wheel" or version == "editable":
            return
        root = Path(self.root)
        sys.path.insert(0, str(root))
        try:
            from wasmnb.compile import cache, runtime  # noqa: PLC0415 - the checkout's own, only while it is on the path
            from wasmnb.compile.cpp import prebuilt  # noqa: PLC0415
        finally:
            sys.path.remove(str(root))
        report, folder, objects = _Report(self.app), root / _LIBRARIES, root / _OBJECTS
        # pyproject.toml names the folders as artifacts, so the wheel takes what is in them.
        if not runtime.complete(folder):
            _empty(folder)
            cache.seal(folder, runtime.fill(folder, report))
        libraries = cache.Entry.load(folder)
        if not prebuilt.complete(objects, libraries):
            _empty(objects)
            cache.seal(objects, prebuilt.fill(objects, libraries, report))


def _empty(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)


class _Report:
    """Progress in the build's own log, every tenth part."""

    def __init__(self, app: Any) -> None:
        self._app = app
        self._shown = -1

    def update(self, stage: str, done: float | None = None, total: float | None = None) -> None:
        tenth = int(10 * (done or 0) / (total or 1))
        if tenth != self._shown:
            self._shown = tenth
            self._app.display_info(f"{stage}: {tenth}0 %")
