"""What is imported or made when it is first used, so that what is not used costs nothing."""

from __future__ import annotations

import sys
import threading
from functools import cached_property
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["lazily", "once"]

# Of parts that make parts; making one takes as long as an import.
_MAKING = threading.RLock()


def lazily(package: str, homes: Mapping[str, str]) -> Callable[[str], Any]:
    """Make the ``__getattr__`` of a package (PEP 562).

    Parameters
    ----------
    package : str
        Its name.
    homes : mapping of str to str
        The module of each name; with a point in front, one of this package.
    """

    def get(name: str) -> Any:
        if name not in homes:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        value = getattr(import_module(homes[name], package), name)
        setattr(sys.modules[package], name, value)
        return value

    return get


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
