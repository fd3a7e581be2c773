"""What becomes of a filter's cell before it is run: compiled in another thread, behind everything else."""

from wasmnb.ahead.worker import Ahead, Tried

__all__ = ["Ahead", "Tried"]
