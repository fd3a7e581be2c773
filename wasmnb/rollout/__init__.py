"""A plugin put in force in steps: the next one only when this one is LIVE and its error rate has not risen."""

from wasmnb.rollout.result import Rollout, Step
from wasmnb.rollout.run import roll_out
from wasmnb.rollout.shares import Shares, read_shares, tried
from wasmnb.rollout.start import RolloutPolicy
from wasmnb.rollout.steps import Labels, assign, label_text, read_steps, share_text

__all__ = [
    "Labels",
    "Rollout",
    "RolloutPolicy",
    "Shares",
    "Step",
    "assign",
    "label_text",
    "read_shares",
    "read_steps",
    "roll_out",
    "share_text",
    "tried",
]
