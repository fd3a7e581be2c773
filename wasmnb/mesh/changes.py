"""Changes in the order in which they are told, for whoever iterates, in however many threads."""

from __future__ import annotations

import queue
import threading
from abc import ABC, abstractmethod
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from wasmnb.mesh.protocol import Change

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType

    from typing_extensions import Self

__all__ = ["Changes"]


class Changes(ABC):
    """A closable iterator of numbered changes, which its thread tells of."""

    def __init__(self) -> None:
        self._changes: queue.SimpleQueue[Change | None] = queue.SimpleQueue()
        self._end = threading.Event()
        self._number = 0

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Change:
        if self._end.is_set():
            raise StopIteration
        change = self._changes.get()
        if change is None or self._end.is_set():
            self._changes.put(None)  # one more for an iteration in another thread
            raise StopIteration
        return change

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @abstractmethod
    def close(self) -> None:
        """End the stream; an iteration that waits ends too."""

    def _over(self) -> None:
        """Tell nothing more: an iteration ends behind what was told."""
        self._changes.put(None)

    def _tell(self, kind: str, name: str, value: Mapping[str, Any]) -> None:
        self._number += 1
        self._changes.put(Change(self._number, datetime.now(timezone.utc), kind, name, value))
