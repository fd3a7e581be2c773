"""Meshes: one protocol, and an embedded one of real Envoys."""

from wasmnb.mesh.protocol import Change, Count, Mesh, Pod, PodVerdict, Verdict, Watch

__all__ = ["Change", "Count", "Mesh", "Pod", "PodVerdict", "Verdict", "Watch"]
