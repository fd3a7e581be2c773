"""How long a process is waited for: the time in which it had no processor does not count."""

from __future__ import annotations

import os
import time
from contextlib import suppress

__all__ = ["Patience"]

_MOST = 12.0  # times as long, for a process that gets next to no processor


class Patience:
    """What is left of a time for a process to answer in; slow because others run is not the same as hung.

    Linux says of each thread how long it was ready to run and did not (``/proc/PID/task/TID/schedstat``, in
    nanoseconds). Elsewhere every second counts.

    Parameters
    ----------
    pid : int
        0 for a process that does not run: every second counts.
    seconds : float
    """

    def __init__(self, pid: int, seconds: float) -> None:
        self.seconds = seconds
        self._tasks = f"/proc/{pid}/task" if pid else ""
        self._began = time.monotonic()
        self._before = self._delays()

    @property
    def waited(self) -> float:
        """Seconds since it began."""
        return time.monotonic() - self._began

    def left(self) -> float:
        """Give the seconds that are left; none, or less, when it is over."""
        waited = self.waited
        if waited < self.seconds:
            return self.seconds - waited
        starved = max((now - self._before.get(task, 0) for task, now in self._delays().items()), default=0)
        return min(self.seconds - waited + starved / 1e9, _MOST * self.seconds - waited)

    def _delays(self) -> dict[str, int]:
        found: dict[str, int] = {}
        if self._tasks:
            # Of every deployment, several times: os is faster than pathlib at this.
            with suppress(OSError):
                for task in os.listdir(self._tasks):  # noqa: PTH208
                    # A thread may end while it is looked at.
                    with suppress(OSError, ValueError, IndexError):
                        found[task] = _delay(f"{self._tasks}/{task}/schedstat")
        return found


def _delay(path: str) -> int:
    with open(path, "rb", buffering=0) as file:  # noqa: PTH123
        return int(file.read(64).split()[1])
