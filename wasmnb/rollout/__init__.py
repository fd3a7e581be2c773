"""A plugin put in force in steps: the next one only when this one is LIVE and its error rate has not risen."""

from wasmnb.rollout.result import Rollout, Step
from wasmnb.rollout.run import planned, roll_out
from wasmnb.rollout.shares import Shares, end_share, read_shares
from wasmnb.rollout.start import RolloutPolicy
from wasmnb.rollout.steps import Labels, read_steps

__all__ = [
    "Labels",
    "Rollout",
    "RolloutPolicy",
    "Shares",
    "Step",
    "end_share",
    "planned",
    "read_shares",
    "read_steps",
    "roll_out",
]
