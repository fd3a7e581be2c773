"""Meshes that live in a process of this user: found by a file, asked over a socket, used by other processes."""

from wasmnb.mesh.running.registration import Registration, registrations
from wasmnb.mesh.running.remote import RemoteMesh, join
from wasmnb.mesh.running.results import RunningMesh, RunningMeshes
from wasmnb.mesh.running.server import Announced, announce

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
