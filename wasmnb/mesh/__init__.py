"""Meshes: one protocol, and an embedded one of real Envoys."""

from wasmnb.mesh.protocol import Change, Mesh, Pod, PodVerdict, Verdict, Watch

__all__ = ["Change", "Mesh", "Pod", "PodVerdict", "Verdict", "Watch"]
