"""What a notebook remembers, and everything it can do: one method per magic, usable without IPython."""

from wasmnb.session.results import Deployment, FilterResult, MeshState, Removal
from wasmnb.session.session import Session, close_default, default

__all__ = ["Deployment", "FilterResult", "MeshState", "Removal", "Session", "close_default", "default"]
