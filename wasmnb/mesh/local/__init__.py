"""The embedded mesh: real Envoy sidecars on this machine."""

from wasmnb.mesh.local.mesh import LocalMesh
from wasmnb.mesh.local.workload import Workload

__all__ = ["LocalMesh", "Workload"]
