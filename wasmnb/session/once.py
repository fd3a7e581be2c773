"""What an object makes when it is first asked for, and once, whichever thread asks."""

from __future__ import annotations

import threading
from functools import cached_property
from typing import TYPE_CHECKING, Any

__all__ = ["once"]

# Of parts that make parts; making one takes as long as an import.
_MAKING = threading.RLock()

if TYPE_CHECKING:
    once = cached_property
else:

    class once(cached_property):  # noqa: N801 - a decorator
        """A part of an object: a page asks for it in threads of its own while a cell runs.

        From Python 3.12 on, `functools.cached_property` makes one for each thread that comes first, and what is put
        into all but the last is lost.
        """

        def __get__(self, instance: Any, owner: type | None = None) -> Any:
            if instance is None or self.attrname in vars(instance):
                return super().__get__(instance, owner)
            with _MAKING:
                return super().__get__(instance, owner)
