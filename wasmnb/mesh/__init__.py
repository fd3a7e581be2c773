"""Meshes: one protocol, and an embedded one of real Envoys."""

from wasmnb.mesh.protocol import (
    Change,
    Count,
    Mesh,
    MeshInNamespace,
    MeshLoadingAhead,
    MeshOfMany,
    MeshOfObjects,
    MeshOfOthers,
    MeshTryingAhead,
    MeshWithBookinfo,
    Origin,
    Pod,
    Watch,
)
from wasmnb.mesh.shares import MeshOfShares, Share
from wasmnb.plugin.verdict import Cause, Handling, PodVerdict, Proof, Verdict

__all__ = [
    "Cause",
    "Change",
    "Count",
    "Handling",
    "Mesh",
    "MeshInNamespace",
    "MeshLoadingAhead",
    "MeshOfMany",
    "MeshOfObjects",
    "MeshOfOthers",
    "MeshOfShares",
    "MeshTryingAhead",
    "MeshWithBookinfo",
    "Origin",
    "Pod",
    "PodVerdict",
    "Proof",
    "Share",
    "Verdict",
    "Watch",
]
