"""What can be said to the verbs of a session: one dataclass per theme, and one per verb that is made of them.

Each option is defined here, once: its keyword, its words on a line, and its help. What it means stands where it acts.
"""
