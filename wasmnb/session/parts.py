"""The parts of a session, each imported when it is first used: one command needs one or two of them."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from wasmnb.session.builds import Builds
    from wasmnb.session.deployments import Deployments
    from wasmnb.session.image_source import ImageSource
    from wasmnb.session.images import Images
    from wasmnb.session.meshes import Meshes
    from wasmnb.session.registry_login import Logins
    from wasmnb.session.registry_server import ServingRegistry
    from wasmnb.session.requests import Requests
    from wasmnb.session.secrets import Secrets

__all__ = [
    "Builds",
    "Deployments",
    "ImageSource",
    "Images",
    "Logins",
    "Meshes",
    "Requests",
    "Secrets",
    "ServingRegistry",
]

_HOMES = {
    "Builds": "builds",
    "Deployments": "deployments",
    "ImageSource": "image_source",
    "Images": "images",
    "Logins": "registry_login",
    "Meshes": "meshes",
    "Requests": "requests",
    "Secrets": "secrets",
    "ServingRegistry": "registry_server",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'wasmnb.session.parts' has no attribute {name!r}")
    value = getattr(import_module(f"wasmnb.session.{_HOMES[name]}"), name)
    globals()[name] = value
    return value
