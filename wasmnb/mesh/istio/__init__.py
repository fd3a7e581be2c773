"""Istio on Kubernetes: rolled out by digest, proven pod by pod."""

from typing import TYPE_CHECKING

from wasmnb.lazily import lazily

if TYPE_CHECKING:
    from wasmnb.mesh.istio.mesh import IstioMesh

__all__ = ["IstioMesh"]

__getattr__ = lazily(__name__, {"IstioMesh": ".mesh"})
