"""What a notebook remembers, and everything it can do: one method per command, usable without IPython.

Names are imported when first used: what options there are can be known without the rest.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from wasmnb.lazily import lazily

if TYPE_CHECKING:
    from wasmnb.image.results import Built, Removed, Tagged, Transfer
    from wasmnb.rollout import Rollout, Step
    from wasmnb.rollout.deployment import Deployment, Removal
    from wasmnb.rollout.dry_run import DryRun
    from wasmnb.session.files import FileResult
    from wasmnb.session.rendering import Rendered
    from wasmnb.session.results import FilterResult, MeshState
    from wasmnb.session.session import Session, close_default, default

_HOMES = {
    "Built": "wasmnb.image.results",
    "Deployment": "wasmnb.rollout.deployment",
    "DryRun": "wasmnb.rollout.dry_run",
    "FileResult": "wasmnb.session.files",
    "FilterResult": "wasmnb.session.results",
    "MeshState": "wasmnb.session.results",
    "Removal": "wasmnb.rollout.deployment",
    "Removed": "wasmnb.image.results",
    "Rendered": "wasmnb.session.rendering",
    "Rollout": "wasmnb.rollout",
    "Session": "wasmnb.session.session",
    "Step": "wasmnb.rollout",
    "Tagged": "wasmnb.image.results",
    "Transfer": "wasmnb.image.results",
    "close_default": "wasmnb.session.session",
    "default": "wasmnb.session.session",
}

__all__ = [
    "Built",
    "Deployment",
    "DryRun",
    "FileResult",
    "FilterResult",
    "MeshState",
    "Removal",
    "Removed",
    "Rendered",
    "Rollout",
    "Session",
    "Step",
    "Tagged",
    "Transfer",
    "close_default",
    "default",
]

__getattr__ = lazily(__name__, _HOMES)


def __dir__() -> list[str]:
    return __all__
