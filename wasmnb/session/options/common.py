"""What options of several themes have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from wasmnb.options import keyword, option, theme

if TYPE_CHECKING:
    from wasmnb.progress import Progress

__all__ = ["Reporting", "selector_option"]


def selector_option() -> Any:
    """Define the option that says which pods are meant."""
    return option("labels of the pods: key=value,key=value; * is every pod", "LABELS", "-s", values="selector")


@theme(frozen=True, kw_only=True)
class Reporting:
    """What tells how far it has come."""

    progress: Progress | None = keyword("told how far it has come")
