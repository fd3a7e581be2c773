"""The cluster for a person: ``python -m tests.cluster up|down|status|shell|build|run``."""

from __future__ import annotations

import argparse
import os
import sys
import time

from tests.cluster import bookinfo, images, manifests, programs
from tests.cluster.cluster import PASSWORD, USER, Cluster, ClusterError
from tests.cluster.life import DEFAULT, down, find, up
from tests.cluster.tools import ToolError

_USE = """\
API server  https://{cluster.address}:6443
registry    {cluster.registry}, plain HTTP; {cluster.private_registry} wants the user {user} and the password {password}
logs        {cluster.home.logs}

In a shell      export KUBECONFIG={cluster.kubeconfig} PATH={programs}:$PATH
In a notebook   %env KUBECONFIG={cluster.kubeconfig}
                %wasm_mesh istio -n {namespace} --prove effect
Inside          {python} -m tests.cluster run -- ctr -n k8s.io containers list
The end         make cluster-down"""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.cluster", description=__doc__)
    parser.add_argument("--name", default=DEFAULT, help="which cluster (%(default)s)")
    commands = parser.add_subparsers(dest="command", required=True)
    start = commands.add_parser("up", help="bring it up, and say how to use it")
    start.add_argument("--bookinfo", metavar="NAMESPACE", help="the article's application too")
    commands.add_parser("down", help="end it; nothing of it stays, except what was built")
    commands.add_parser("status", help="say whether it is up, and how to use it")
    commands.add_parser("build", help="build its programs and images")
    commands.add_parser("shell", help="open a shell with kubectl")
    run = commands.add_parser("run", help="run a command inside, where its processes, mounts and network are")
    run.add_argument("words", nargs="+", metavar="-- COMMAND")
    options = parser.parse_args()
    try:
        return _do(options)
    except (ClusterError, ToolError, programs.BuildError) as error:
        print(error, file=sys.stderr)
        return 1


def _do(options: argparse.Namespace) -> int:
    if options.command == "build":
        programs.build(_say)
        images.archive()
        manifests.istio()
    elif options.command == "down":
        down(options.name)
    elif options.command == "up":
        cluster = find(options.name) or up(options.name, say=_say)
        if options.bookinfo:
            bookinfo.install(cluster, options.bookinfo)
            _say(f"bookinfo ready in {options.bookinfo}")
        _tell(cluster, options.bookinfo or "default")
    else:
        cluster = find(options.name)
        if cluster is None:
            raise ClusterError(f"no cluster {options.name!r} is up: python -m tests.cluster up")
        if options.command == "status":
            _tell(cluster, "default")
            return 0
        path = f"{programs.PROGRAMS.built}:{os.environ['PATH']}"
        environment = {**os.environ, "KUBECONFIG": str(cluster.kubeconfig), "PATH": path}
        words = cluster.inside(*options.words) if options.command == "run" else [os.environ.get("SHELL", "/bin/sh")]
        os.execvpe(words[0], words, environment)
    return 0


def _say(text: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {text}", flush=True)


def _tell(cluster: Cluster, namespace: str) -> None:
    print(
        _USE.format(
            cluster=cluster,
            user=USER,
            password=PASSWORD,
            programs=programs.PROGRAMS.built,
            namespace=namespace,
            python=sys.executable,
        )
    )


if __name__ == "__main__":
    sys.exit(main())
