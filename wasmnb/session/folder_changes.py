"""What changes in a folder that is watched, and in the files outside of it that its build read."""

from __future__ import annotations

from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING

from wasmnb.compile.tree import foreign, listed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["Outside", "changes"]

_STEP_MS = 200  # how soon an end of the time, and a change outside of the folder, is seen
_SHOWN = 3


class Outside:
    """The files that the last build read outside of its folder; they are asked for their dates.

    They may lie anywhere, and many: watching the folders that they are in would see much that is not theirs.
    """

    def __init__(self) -> None:
        self._dates: dict[str, int | None] = {}

    def follow(self, paths: Iterable[str]) -> None:
        """Look at these from now on; what is known already keeps its date, so a change during a build is seen."""
        self._dates = {path: self._dates[path] if path in self._dates else _date(path) for path in paths}

    def changed(self) -> list[str]:
        """Give the names of those that changed since they were last looked at."""
        now = {path: _date(path) for path in self._dates}
        before, self._dates = self._dates, now
        return sorted({Path(path).name for path, date in now.items() if date != before[path]})


def _date(path: str) -> int | None:
    try:
        return Path(path).stat().st_mtime_ns
    except OSError:
        return None


def changes(folder: Path, seconds: float | None, outside: Outside) -> Iterator[str]:
    """Give the names of what changed, at first none, until the time is over.

    Parameters
    ----------
    folder : pathlib.Path
    seconds : float, optional
    outside : Outside

    Raises
    ------
    KeyboardInterrupt
    """
    from watchfiles import watch  # noqa: PLC0415 - for its users only

    top = folder.resolve()

    def wanted(_: object, path: str) -> bool:
        return not any(foreign(part) or part.endswith("~") for part in Path(path).relative_to(top).parts)

    end = None if seconds is None else monotonic() + seconds
    known = set(listed(top))
    looking = watch(
        top,
        watch_filter=wanted,
        rust_timeout=_STEP_MS,
        yield_on_timeout=True,
        ignore_permission_denied=True,
    )
    # It looks from the first turn on: what is saved during the first build is not missed.
    next(looking)
    yield "as it is"
    for found in looking:
        # What is gone was the project's before; what is new may be what a build wrote.
        before, known = known, set(listed(top)) if found else known
        names = sorted({path.name for path in map(Path, {path for _, path in found}) if path in before | known})
        names += outside.changed()
        if names:
            yield ", ".join(names[:_SHOWN]) + (" ..." if len(names) > _SHOWN else "")
        if end is not None and monotonic() > end:
            return
