"""What a mesh of Istio judges plugins, proves them and puts them in force with: imported when first needed.

A look at a namespace in which nothing is in force needs none of it, and it is most of what there is to import.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from wasmnb.mesh.istio.api.port_forward_pool import PortForwardPool
from wasmnb.mesh.istio.objects.convergence import Convergence
from wasmnb.mesh.istio.objects.deployments import Deployments
from wasmnb.mesh.istio.objects.learned_effects import LearnedEffects
from wasmnb.mesh.istio.objects.objects_writer import ObjectsWriter
from wasmnb.mesh.istio.objects.shares import Shares
from wasmnb.mesh.istio.proxies.admin import Admin
from wasmnb.mesh.istio.proxies.evidence import Gatherer
from wasmnb.mesh.istio.proxies.proving import Proving
from wasmnb.mesh.istio.proxies.verdicts import VerdictReader

if TYPE_CHECKING:
    from collections.abc import Callable

    from wasmnb.envoy.preflight import Preflight
    from wasmnb.mesh.istio.api.cluster import Cluster
    from wasmnb.mesh.istio.objects.images import Images
    from wasmnb.mesh.istio.objects.objects import Objects
    from wasmnb.mesh.istio.proxies.istiod import Istio
    from wasmnb.mesh.istio.proxies.pod_list import PodList
    from wasmnb.plugin.verdict import Proof

__all__ = ["Parts"]


class Parts:
    """The parts, each made of others.

    Parameters
    ----------
    cluster : Cluster
    istio : Istio
    objects : Objects
    images : Images
    pods : PodList
    as_ : str
        The kind of object that plugins become.
    prove : Proof, optional
    sample : int, optional
    looks_only : bool
        See `IstioMesh.connect`.
    preflight : callable
        Gives the embedded Envoy; None where there is none.
    wake : callable
        Is called when something has changed.
    """

    def __init__(
        self,
        cluster: Cluster,
        istio: Istio,
        objects: Objects,
        images: Images,
        pods: PodList,
        *,
        as_: str,
        prove: Proof | None,
        sample: int | None,
        looks_only: bool,
        preflight: Callable[[], Preflight | None],
        wake: Callable[[], None],
    ) -> None:
        namespace = pods.namespace
        self.tunnels = PortForwardPool()
        self.admin = Admin(cluster, namespace, self.tunnels)
        self.gatherer = Gatherer(cluster, namespace, self.admin)
        self.proving = Proving(cluster, namespace, self.admin, self.gatherer.http_ports, istio.namespace)
        self.proving.wanted, self.proving.trace.looks_only = prove, looks_only
        self.reader = VerdictReader(
            cluster,
            pods,
            istio,
            self.gatherer,
            self.tunnels,
            images=images,
            proving=self.proving,
            sample=sample,
        )
        self.convergence = Convergence(self.reader, objects)
        writer = ObjectsWriter(objects, istio.version, as_, images.image)
        self.reader.learn = LearnedEffects(preflight, writer, self.proving.known).learn
        self.deployments = Deployments(writer, self.reader, self.convergence, images, wake)
        self.shares = Shares(objects, self.admin, self.reader.serving)

    def close(self) -> None:
        """End the threads and the connections."""
        self.gatherer.close()
        self.proving.close()
        self.tunnels.close()
