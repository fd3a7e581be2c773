"""``python -m wasmnb.agent``: its container's work (``run``), the echo's (``echo``); ``push`` brings the image."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
from typing import TYPE_CHECKING

from wasmnb.agent.manifest import NAME, PORT
from wasmnb.agent.run import run, say
from wasmnb.errors import Explained

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["main"]


def main(words: Sequence[str] | None = None) -> int:
    """Read the words, and do what they say until it is done, or a signal ends it."""
    said = _parser().parse_args(words)
    try:
        if said.verb == "push":
            from wasmnb.agent.image import push  # noqa: PLC0415 - not a thing of the container
            from wasmnb.image.registry.access import Access  # noqa: PLC0415

            access = Access.of(plain_http=said.plain_http, ca=said.ca)
            print(push(said.reference, said.base, access=access))  # noqa: T201 - the answer
        elif said.verb == "echo":
            _echo(said)
        else:
            _run(said)
    except Explained as error:
        say("\n".join(error.lines()))
        return 1
    return 0


def _run(said: argparse.Namespace) -> None:
    from wasmnb.agent.report import ClusterReport  # noqa: PLC0415 - not needed to push
    from wasmnb.mesh.istio import IstioMesh  # noqa: PLC0415

    mesh = IstioMesh.connect(
        said.context, said.namespace, system=said.istio_namespace, preflight=False, looks_only=True
    )
    say(f"{mesh!r}: looking; nothing is sent to applications, and what nobody has seen to act is LOADED")
    for number in (signal.SIGTERM, signal.SIGINT):
        # Not in the handler: the watch may hold what closing it waits for.
        signal.signal(number, lambda *_: threading.Thread(target=mesh.stop).start())
    report = ClusterReport(mesh.cluster, mesh.namespace, NAME, os.environ.get("POD_NAME", "") or NAME)
    try:
        run(mesh, report, said.port, started=lambda port: say(f"metrics are at port {port}"))
    finally:
        mesh.stop()


def _echo(said: argparse.Namespace) -> None:
    from wasmnb.agent.echo import serve  # noqa: PLC0415 - of the echo alone

    over = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: over.set())
    servers = serve(said.port, said.kept_port)
    say(f"requests are answered at port {servers[0].server_port}, and told at {servers[1].server_port} of the pod")
    over.wait()
    for server in servers:
        server.shutdown()
        server.server_close()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m wasmnb.agent", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True)
    run_ = verbs.add_parser("run", help="judge plugins and keep their status until a signal ends it")
    run_.add_argument("--context", default="in-cluster", help="context of the kubeconfig (default: in-cluster)")
    run_.add_argument("--namespace", help="namespace whose pods are judged (default: the context's)")
    run_.add_argument("--istio-namespace", default="istio-system", help="namespace of istiod")
    run_.add_argument("--port", type=int, default=PORT, help="port of the metrics; 0 takes a free one")
    echo = verbs.add_parser("echo", help="answer requests with their bodies and keep the last until a signal ends it")
    echo.add_argument("--port", type=int, default=PORT, help="port of the requests; 0 takes a free one")
    echo.add_argument(
        "--kept-port", type=int, default=0, help="port that tells of them, to this machine; 0 takes a free one"
    )
    push_ = verbs.add_parser("push", help="build the agent's image and push it to a registry")
    push_.add_argument("reference", help="such as registry.example/team/wasmnb-agent:v1")
    push_.add_argument(
        "--base", default="", help="an image with a Python (default: docker.io/library/python:3.13-slim)"
    )
    push_.add_argument("--plain-http", action="store_true", help="use HTTP instead of HTTPS for the registry")
    push_.add_argument("--ca", help="trust the certificate authorities in this PEM file")
    return parser


if __name__ == "__main__":
    sys.exit(main())
