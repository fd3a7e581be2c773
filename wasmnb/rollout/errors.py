"""The ends of a rollout in steps that is not done, which carry what each step saw."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from wasmnb.errors import Interrupted
from wasmnb.plugin.errors import DeployError

if TYPE_CHECKING:
    from collections.abc import Callable

    from wasmnb.rollout.result import Rollout
    from wasmnb.wording import Text

__all__ = ["RolloutError", "RolloutInterrupted"]


class RolloutError(DeployError):
    """A rollout in steps did not get to its end; ``rollout`` has what each step saw, and what became of the pods."""

    code = "WNB4030"

    def __init__(self, what: Text, *, rollout: Rollout, **parts: Any) -> None:
        super().__init__(what, **parts)
        self.rollout = rollout

    def change(self, text: Callable[[str], str]) -> None:
        """Change each of its texts, those of the rollout too."""
        super().change(text)
        self.rollout = self.rollout.changed(text)


class RolloutInterrupted(Interrupted):
    """The user stopped a rollout in steps; ``rollout`` has what each step saw until then."""

    code = "WNB4031"

    def __init__(self, what: Text, *, rollout: Rollout, **parts: Any) -> None:
        super().__init__(what, **parts)
        self.rollout = rollout

    def change(self, text: Callable[[str], str]) -> None:
        """Change each of its texts, those of the rollout too."""
        super().change(text)
        self.rollout = self.rollout.changed(text)


# What a notebook shows, and what a runbook allows by name, is one name for every interrupt.
RolloutInterrupted.__name__ = "Interrupted"
