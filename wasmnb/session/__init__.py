"""What a notebook remembers, and everything it can do: one method per magic, usable without IPython."""

from wasmnb.rollout import Rollout, Step
from wasmnb.rollout.dry_run import DryRun
from wasmnb.session.files import FileResult
from wasmnb.session.imaging import Built, LoggedOut, Removed, Tagged, Transfer
from wasmnb.session.rendering import Rendered
from wasmnb.session.results import Deployment, FilterResult, MeshState, Removal
from wasmnb.session.session import Session, close_default, default

__all__ = [
    "Built",
    "Deployment",
    "DryRun",
    "FileResult",
    "FilterResult",
    "LoggedOut",
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
