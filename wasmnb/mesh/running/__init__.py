"""Meshes that live in a process of this user: found by a file, asked over a socket, used by other processes.

Names are imported when first used: who looks for a mesh serves none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from wasmnb.lazily import lazily

if TYPE_CHECKING:
    from wasmnb.mesh.running.registration import Registration, registrations
    from wasmnb.mesh.running.remote import RemoteMesh, join
    from wasmnb.mesh.running.results import RunningMesh, RunningMeshes
    from wasmnb.mesh.running.server import Announced, announce

_HOMES = {
    "Announced": "wasmnb.mesh.running.server",
    "Registration": "wasmnb.mesh.running.registration",
    "RemoteMesh": "wasmnb.mesh.running.remote",
    "RunningMesh": "wasmnb.mesh.running.results",
    "RunningMeshes": "wasmnb.mesh.running.results",
    "announce": "wasmnb.mesh.running.server",
    "join": "wasmnb.mesh.running.remote",
    "registrations": "wasmnb.mesh.running.registration",
}

__all__ = [
    "Announced",
    "Registration",
    "RemoteMesh",
    "RunningMesh",
    "RunningMeshes",
    "announce",
    "join",
    "registrations",
]

__getattr__ = lazily(__name__, _HOMES)
