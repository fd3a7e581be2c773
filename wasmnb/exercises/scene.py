"""What a check looks at: the session, and the answer that was given."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from wasmnb.cases import Runner

if TYPE_CHECKING:
    from wasmnb.session import Session

__all__ = ["Scene"]


@dataclass
class Scene:
    """A session as a check finds it; a context manager that ends what checks started.

    Parameters
    ----------
    session : Session
    answer : object
        What was given behind the exercise's number; None where nothing was.
    """

    session: Session
    answer: Any = None
    _stack: ExitStack = field(default_factory=ExitStack, repr=False)

    def __enter__(self) -> Scene:  # noqa: PYI034 - Self came with Python 3.11
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    @cached_property
    def runner(self) -> Runner:
        """What runs cases."""
        return self._stack.enter_context(Runner())
