"""Options of a mesh that is started or connected to."""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING

from wasmnb.options import argument, option, theme
from wasmnb.plugin.enums import Kind, words
from wasmnb.session.options.common import Reporting

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["AGENT", "MeshCall", "MeshOptions"]

AGENT = ("agent", "echo", "agent_image", "agent_base", "agent_pull_secret")
"""What is said of the agent and the echo in the cluster, and not of how a mesh is connected to."""


@theme(frozen=True, kw_only=True)
class MeshOptions:
    """How a mesh is started, or connected to."""

    workloads: Sequence[str] = option(
        "put a sidecar before your own service: NAME=HOST:PORT,label=value; HTTP/2 and gRPC are found out, or said with"
        " HOST:PORT/h2c",
        "SERVICE",
        "--workload",
        "-w",
        default=(),
        repeat=True,
    )
    bookinfo: bool = option(
        "start without the six bookinfo pods",
        "",
        "--no-bookinfo",
        default=True,
        switch=False,
        python="False: without the six bookinfo pods",
    )
    gateway_port: int = option("loopback port of the gateway (default: a free one)", "PORT", default=0, read=int)
    log_level: str = option(
        "from which level on proxies keep what filters log (default: info)",
        "LEVEL",
        default="info",
        values="trace|debug|info|warning|error|critical|off",
    )
    from_: str | None = option(
        "local: take over what the proxy of a pod on Istio has (node, labels, clusters); context and namespace say"
        " where that is",
        "POD",
    )
    context: str | None = option(
        "istio: context of the kubeconfig, or in-cluster (default: the current one); a,b is a view of several, which"
        " changes nothing",
        "CONTEXT",
        values="contexts",
    )
    namespace: str | None = option(
        "istio: namespace of the pods (default: the one that the context names); a,b is a view of several, which"
        " changes nothing",
        "NAMESPACE",
        "-n",
        values="namespaces",
    )
    istio_namespace: str = option(
        "istio: namespace of istiod (default: istio-system)", "NAMESPACE", default="istio-system"
    )
    as_: str = option(
        "istio: the kind of object that plugins become (default: the newest that fits)",
        "KIND",
        default="",
        values="|".join(words(kind for kind in Kind if kind.istio)),
    )
    preflight: bool = option(
        "istio: apply modules that the embedded Envoy has not tried",
        "",
        "--no-preflight",
        default=True,
        switch=False,
        python="istio; False: apply modules that the embedded Envoy has not tried",
    )
    prove: str | None = option(
        "istio: how a filter is proven to act: effect sends plain requests of ours to the pods that it is put on, and "
        "what was not seen to act is LOADED; trace also raises the log levels of their proxies for a moment, where no "
        "effect shows; config sends nothing and accepts LOADED",
        "PROOF",
        values="effect|trace|config",
    )
    sample: int | None = option(
        "istio: look at so many of the pods that a plugin is for, some of each workload, and at all of a workload in "
        "which one is not well; each verdict says so (default: at each pod)",
        "N",
        read=int,
    )
    agent: bool | None = option(
        "istio: put an agent into the namespace, which keeps a status per workload, metrics and events while no "
        "notebook is open; off takes it away",
        words={"off": False},
        python="istio; True: put an agent into the namespace, which keeps a status per workload, metrics and events"
        " while no notebook is open; False: take it away",
    )
    echo: bool | None = option(
        "istio: put an echo into the namespace, the service wasmnb-echo:8080: a request to it is shown as it was "
        "received, body too; off takes it away",
        words={"off": False},
        python="istio; True: put an echo into the namespace, the service wasmnb-echo:8080: a request to it is shown as"
        " it was received, body too; False: take it away",
    )
    agent_image: str | None = option(
        "istio: the image of the agent and the echo, where a registry has it (default: one is made of what is installed"
        " here, and pushed to the configured registry)",
        "IMAGE",
    )
    agent_base: str | None = option(
        "istio: the image with a Python on which the agent's is made (default: docker.io/library/python:3.13-slim)",
        "IMAGE",
    )
    agent_pull_secret: str | None = option("istio: the secret with which nodes pull the agent's image", "NAME")


@theme(frozen=True, kw_only=True)
class _Starting(MeshOptions, Reporting):
    pass


@theme(frozen=True)
class MeshCall(_Starting):
    """What `Session.mesh` takes."""

    kind: str | None = field(
        default=None,
        metadata=argument("local, istio, stop, list or join; without it, the one that is chosen or configured"),
    )
    name: str | None = field(
        default=None, metadata=argument("tells the mesh from others on this machine: one that is started, or runs")
    )
