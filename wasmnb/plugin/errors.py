"""The errors of putting a plugin in force, which carry a verdict per pod."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from wasmnb.errors import MeshError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from wasmnb.plugin.verdict import PodVerdict
    from wasmnb.wording import Text

__all__ = ["DeployError", "HangError", "changed"]


class DeployError(MeshError):
    """A plugin was not accepted; ``verdicts`` has one per pod."""

    code = "WNB4020"

    def __init__(self, what: Text, *, verdicts: Iterable[PodVerdict] = (), **parts: Any) -> None:
        super().__init__(what, **parts)
        self.verdicts = tuple(verdicts)

    def change(self, text: Callable[[str], str]) -> None:
        """Change each of its texts, those of the verdicts too."""
        super().change(text)
        self.verdicts = tuple(changed(verdict, text) for verdict in self.verdicts)


class HangError(DeployError):
    """A module did not come back from a callback in time."""

    code = "WNB4021"


def changed(verdict: PodVerdict, text: Callable[[str], str]) -> PodVerdict:
    """Give a verdict with each of its texts changed, such as with its secrets masked."""
    return replace(verdict, reason=text(verdict.reason), evidence=tuple(map(text, verdict.evidence)))
