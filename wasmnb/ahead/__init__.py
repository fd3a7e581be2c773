"""What becomes of a filter's cell before it is run: in another thread, behind everything else; nothing of it acts."""

from wasmnb.ahead.draft import Draft, Extent, Foreseen, extent
from wasmnb.ahead.ready import Readiness
from wasmnb.ahead.worker import Ahead, Tried

__all__ = ["Ahead", "Draft", "Extent", "Foreseen", "Readiness", "Tried", "extent"]
