"""What a notebook remembers, and everything it can do: one method per magic, usable without IPython."""

from wasmnb.image.results import Built, Removed, Tagged, Transfer
from wasmnb.rollout import Rollout, Step
from wasmnb.rollout.deployment import Deployment, Removal
from wasmnb.rollout.dry_run import DryRun
from wasmnb.session.files import FileResult
from wasmnb.session.rendering import Rendered
from wasmnb.session.results import FilterResult, MeshState
from wasmnb.session.session import Session, close_default, default

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
