"""A plugin put in force in steps: the next one only when this one is LIVE and its error rate has not risen."""

from wasmnb.session.rollout.result import Rollout, Step
from wasmnb.session.rollout.run import roll_out
from wasmnb.session.rollout.start import Care
from wasmnb.session.rollout.steps import Labels, assign, label_text, read_steps

__all__ = ["Care", "Labels", "Rollout", "Step", "assign", "label_text", "read_steps", "roll_out"]
