"""A project folder that a colleague can build without us."""

from wasmnb.project.init import Project, choices, init_project
from wasmnb.project.templates import TEMPLATES, Template

__all__ = ["TEMPLATES", "Project", "Template", "choices", "init_project"]
