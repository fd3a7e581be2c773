"""Meshes: one protocol, and an embedded one of real Envoys."""

from wasmnb.mesh.protocol import Change, Count, Mesh, MeshWithBookinfo, Pod, PodVerdict, Verdict, Watch

__all__ = ["Change", "Count", "Mesh", "MeshWithBookinfo", "Pod", "PodVerdict", "Verdict", "Watch"]
