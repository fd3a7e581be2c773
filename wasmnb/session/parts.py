"""The parts of a session, each imported when it is first used: one command needs one or two of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wasmnb.lazily import lazily

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
    "Builds": "wasmnb.session.builds",
    "Deployments": "wasmnb.session.deployments",
    "ImageSource": "wasmnb.session.image_source",
    "Images": "wasmnb.session.images",
    "Logins": "wasmnb.session.registry_login",
    "Meshes": "wasmnb.session.meshes",
    "Requests": "wasmnb.session.requests",
    "Secrets": "wasmnb.session.secrets",
    "ServingRegistry": "wasmnb.session.registry_server",
}

__getattr__ = lazily(__name__, _HOMES)
