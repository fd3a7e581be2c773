"""A project folder that a colleague can build without us."""

from wasmnb.project.init import Project, choices, init_project
from wasmnb.project.templates import PLATFORMS, TEMPLATES

__all__ = ["PLATFORMS", "TEMPLATES", "Project", "choices", "init_project"]
