"""Bringing up the cluster from inside: start its programs in order, and stay with them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from string import Template
from typing import NoReturn

from tests.cluster import certificates, images, manifests, node
from tests.cluster.places import HERE, INSIDE, SERVICES, Home
from tests.cluster.programs import PROGRAMS
from tests.cluster.tools import PATH, ToolError, output
from tests.cluster.tools import run as tool

_KEYS = INSIDE / "keys"
_LOGS = INSIDE / "logs"
_PATIENCE = 120.0  # seconds until a part must be ready


class Bringup:
    """A cluster in the making.

    Parameters
    ----------
    home : Home
    address : str
        The node's.
    """

    def __init__(self, home: Home, address: str) -> None:
        self.address = address
        self.names = node.names(home, address)
        self.running: dict[str, subprocess.Popen[bytes]] = {}
        self.start_time = time.monotonic()

    def say(self, text: str) -> None:
        print(f"{text} ({time.monotonic() - self.start_time:.1f} s)", flush=True)

    def start(self, name: str) -> None:
        """Start one of the node's programs; its words go to a log of its name."""
        environment = {"PATH": PATH, "TMPDIR": str(INSIDE / "tmp"), "HOME": "/run", "OTEL_TRACES_EXPORTER": "none"}
        with (_LOGS / f"{name}.log").open("ab") as log:
            self.running[name] = subprocess.Popen(
                node.command(name, self.names), stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment
            )

    def until(self, what: str, ready: Callable[[], object]) -> None:
        """Wait until something is so."""
        deadline = time.monotonic() + _PATIENCE
        while True:
            try:
                if ready():
                    return
                last = "not yet"
            except (ToolError, OSError) as error:
                last = str(error)
            if time.monotonic() > deadline:
                raise RuntimeError(f"{what} after {_PATIENCE:.0f} s: {last}")
            time.sleep(0.1)

    def watch(self) -> NoReturn:
        """End everything as soon as one program has ended."""
        while True:
            for name, process in list(self.running.items()):
                if process.poll() is not None:
                    log = (_LOGS / f"{name}.log").read_text(errors="replace").strip().splitlines()[-10:]
                    self.fail(f"{name} ended with {process.returncode}:\n" + "\n".join(log))
            time.sleep(0.2)

    def fail(self, why: str) -> NoReturn:
        """Say why, to whoever waits and to whoever looks later, and end; all that was started ends with us."""
        try:
            (_LOGS / "cluster.log").write_text(f"{why}\n")
            print("failed: " + why.replace("\n", "\n  "), flush=True)
        finally:
            os._exit(1)

    def kubectl(self, *arguments: str, text: str | None = None) -> str:
        return output(PROGRAMS.built / "kubectl", f"--kubeconfig={_KEYS}/admin.conf", *arguments, text=text)

    def run(self) -> NoReturn:
        """Bring it up, say so, and watch over it for ever."""
        threading.Thread(target=self.watch, daemon=True).start()
        self.prepare()
        with ThreadPoolExecutor(1) as aside:
            imported = aside.submit(self.images)
            self.control_plane()
            self.node()
            # A pod whose image is missing would be tried again only after 10 seconds.
            imported.result()
        self.mesh()
        self.facts()
        self.say("ready")
        threading.Event().wait()

    def prepare(self) -> None:
        """Lay out files and the network."""
        certificates.make(_KEYS, self.address)
        for source in filter(Path.is_file, (HERE / "config").rglob("*")):
            self._fill(source, INSIDE / "config" / source.relative_to(HERE / "config"))
        tool("ip", "link", "set", "eth0", "up")
        # Only the node itself asks for services from here, and never over this link: an address has to lead somewhere.
        tool("ip", "route", "add", SERVICES, "dev", "eth0", "src", self.address)
        for path in ("ipv4/ip_forward", "bridge/bridge-nf-call-iptables"):
            Path("/proc/sys/net", path).write_text("1")
        for direction in ("-i", "-o"):
            tool("iptables", "-A", "FORWARD", direction, "eth0", "-j", "DROP")

    def _fill(self, source: Path, target: Path) -> None:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(Template(source.read_text()).substitute(self.names))

    def images(self) -> None:
        self.start("containerd")
        self.until("containerd", lambda: output("ctr", "version"))
        tool("ctr", "--namespace=k8s.io", "images", "import", "--snapshotter=overlayfs", images.archive())
        self.say("images imported")

    def control_plane(self) -> None:
        (INSIDE / "etcd").mkdir(mode=0o700)
        for name in ("etcd", "kube-apiserver", "registry", "private-registry"):
            self.start(name)
        self.until("kube-apiserver", lambda: self.kubectl("get", "--raw", "/readyz"))
        for name in ("kube-controller-manager", "kube-scheduler"):
            self.start(name)
        self.say("control plane ready")

    def node(self) -> None:
        for name in ("kubelet", "kube-proxy"):
            self.start(name)
        self.until("node", lambda: self.kubectl("wait", "--for=condition=Ready", "nodes", "--all", "--timeout=10s"))
        self.say("node ready")

    def mesh(self) -> None:
        """Install CoreDNS and Istio, and wait until pods would get their sidecars."""
        self.kubectl("apply", "--server-side", "-f", "-", text=manifests.coredns())
        self.kubectl("create", "namespace", "istio-system")
        self.kubectl("apply", "--server-side", "-f", str(manifests.istio()))
        for namespace, name in (("kube-system", "coredns"), ("istio-system", "istiod")):
            self.kubectl("-n", namespace, "rollout", "status", f"deployment/{name}", "--timeout=120s")
        self.until("the injecting webhook", self._injecting)
        self.say("Istio ready")

    def _injecting(self) -> bool:
        path = "jsonpath={.webhooks[*].clientConfig.caBundle}"
        hook = "mutatingwebhookconfigurations/istio-sidecar-injector"
        text = self.kubectl("get", hook, "-o", path)
        count = self.kubectl("get", hook, "-o", "jsonpath={.webhooks[*].name}")
        return len(text.split()) == len(count.split())

    def facts(self) -> None:
        """Write down how the cluster is reached, through the folder that it shares with those outside."""
        shutil.copy(_KEYS / "admin.conf", _LOGS / "kubeconfig")
        (_LOGS / "cluster.json").write_text(json.dumps({"address": self.address}))


def run(home: Home, address: str) -> NoReturn:
    """Bring up the cluster and stay with it; end when a part of it does."""
    bringup = Bringup(home, address)
    try:
        bringup.run()
    except Exception as error:  # noqa: BLE001 - whoever waits for the cluster reads it
        bringup.fail(str(error))
