"""A run on the tests' cluster: truth comes from requests sent inside of it, past everything that the product uses."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from tests.chaos.filters import CONFIG, TAG
from tests.chaos.truth import PATIENCE, REQUESTS, Fate, Truth, fate, together
from tests.chaos.world import World
from tests.cluster.cluster import Cluster
from tests.cluster.tools import ToolError
from tests.cluster.wire import Wire

NAMES = ("details-v1", "productpage-v1", "ratings-v1", "reviews-v1", "reviews-v2")
REPLICAS = {"details-v1": 2}
ANNOTATIONS = {"sidecar.istio.io/statsInclusionPrefixes": "http.inbound"}

_ASK = """
import http.client, json, sys
from concurrent.futures import ThreadPoolExecutor
pods, authority, path, times, patience, names = json.load(sys.stdin)
def one(ip):
    wire = http.client.HTTPConnection(ip, 9080, timeout=patience)
    try:
        wire.request("GET", path, headers={"host": authority, "user-agent": "truth"})
        answer = wire.getresponse()
        return [answer.status, *([v for k, v in answer.getheaders() if k.lower() == name] for name in names)]
    except (OSError, http.client.HTTPException):
        return None
    finally:
        wire.close()
with ThreadPoolExecutor(32) as pool:
    sent = {pod: [pool.submit(one, ip) for _ in range(times)] for pod, ip in pods.items()}
    print(json.dumps({pod: [request.result() for request in many] for pod, many in sent.items()}))
"""


@dataclass
class IstioWorld(World):
    """What one run on a cluster is done to."""

    cluster: Cluster = None  # type: ignore[assignment] - the fields before have defaults
    namespace: str = ""
    wire: Wire = None  # type: ignore[assignment]

    def __post_init__(self) -> None:
        self.own = self.mesh  # while somebody else looks

    def truth(self) -> dict[str, Truth]:
        """Ask each pod from the node, several times."""
        answers = self.ask(self.url, REQUESTS)
        return {pod: together([_truth(one) for one in many]) for pod, many in answers.items()}

    def ask(self, url: str, times: int) -> dict[str, list[list[object] | None]]:
        """Send requests to every pod; give status, marks and configurations of each answer."""
        authority, _, path = url.partition("/")
        ips = self.addresses()
        given = json.dumps([ips, authority, f"/{path}", times, PATIENCE, [TAG, CONFIG]])
        command = self.cluster.inside(sys.executable, "-c", _ASK)
        done = subprocess.run(command, input=given, capture_output=True, text=True, timeout=120, check=True)
        return json.loads(done.stdout)

    def addresses(self) -> dict[str, str]:
        """Give the address of each pod that the filter is for and that has one."""
        chosen = set(self.pods)
        found = {}
        for pod in self.cluster.get(self.namespace, "pods")["items"]:
            name, ip = pod["metadata"]["name"], pod["status"].get("podIP")
            if name in chosen and ip and "deletionTimestamp" not in pod["metadata"]:
                found[name] = ip
        return found

    def provoke(self, letter: str, times: int = 1) -> None:
        """Send each pod requests that the filter does harm on."""
        self.ask(f"{self.url}?{letter}", times)

    def kubectl(self, *words: str) -> str:
        """Run kubectl in the namespace."""
        return self.cluster.kubectl("-n", self.namespace, *words)

    def proxy(self, pod: str, *words: str) -> None:
        """Run a command in a pod's proxy; the pod may be going."""
        with suppress(ToolError):
            self.kubectl("exec", pod, "-c", "istio-proxy", "--", *words)

    def one(self) -> str:
        """Choose one of the pods that the filter is on."""
        return self.choose.choice(self.pods)

    def deployment(self) -> str:
        """Choose one of the deployments that the filter is on."""
        return self.one().rsplit("-", 2)[0]

    def recover(self) -> None:
        """Wait until every pod is ready."""
        self.cluster.ready(self.namespace)


def _truth(answer: list[Any] | None) -> Truth:
    if answer is None:
        return Truth(Fate.SILENT)
    status, tags, configs = answer
    # As bytes of UTF-8 come out of http.client.
    return fate(status, tags, [one.encode("latin-1").decode("utf-8", "replace") for one in configs])
