"""Istio on Kubernetes: rolled out by digest, proven pod by pod."""

from wasmnb.mesh.istio.mesh import IstioMesh

__all__ = ["IstioMesh"]
