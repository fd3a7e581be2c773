"""A running cluster as its users see it, and what tests do with it all the time."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.cluster import certificates, programs
from tests.cluster.places import INSIDE, Home
from tests.cluster.tools import ToolError, output
from wasmnb.image import Image
from wasmnb.image.registry import push

USER, PASSWORD = "team", "hu$h+Pa%41/word:ü"
"""Who may use the private registry; ``config/htpasswd`` has the hash."""
PODS_READY = 120.0  # seconds


class ClusterError(Exception):
    """The cluster does not come up, or is not there; the message says why."""


@dataclass(frozen=True)
class Cluster:
    """A running cluster.

    Parameters
    ----------
    home : Home
    address : str
        The node's: the API server and the registries listen there, for this machine as for pods.
    """

    home: Home
    address: str

    @property
    def kubeconfig(self) -> Path:
        return self.home.kubeconfig

    @property
    def registry(self) -> str:
        """``host:port`` of the registry that lets anybody in, by plain HTTP."""
        return f"{self.address}:5000"

    @property
    def private_registry(self) -> str:
        """``host:port`` of the registry that wants `USER` and `PASSWORD`, by plain HTTP."""
        return f"{self.address}:5001"

    @property
    def pid(self) -> int:
        """The first process inside, as this machine counts."""
        return int(_children(self.guard)[0])

    @property
    def guard(self) -> int:
        return int(self.home.lock.read_text())

    @property
    def link(self) -> str:
        """The interface of this machine that leads to the node."""
        return f"wasmnb{self.address.split('.')[2]}"

    def inside(self, *command: str) -> list[str]:
        """Give the command that runs another inside."""
        spaces = ["--net", "--mount", "--pid"]
        return ["nsenter", f"--target={self.pid}", *spaces, f"--wd={Path.cwd()}", "--", *command]

    def path(self, below: str) -> Path:
        """Give a path by which this process sees a file of the cluster's own."""
        return Path(f"/proc/{self.pid}/root{INSIDE}", below)

    def kubectl(self, *arguments: str, text: str | None = None) -> str:
        """Run kubectl as the administrator, and give what it prints.

        Raises
        ------
        ToolError
            It failed; its words are the message.
        """
        return output(programs.PROGRAMS.built / "kubectl", f"--kubeconfig={self.kubeconfig}", *arguments, text=text)

    def get(self, namespace: str, *what: str) -> Any:
        """Give objects as the API server has them."""
        return json.loads(self.kubectl("-n", namespace, "get", *what, "-o", "json"))

    def apply(self, *objects: Mapping[str, Any], namespace: str = "default") -> None:
        """Put objects there, or change those that are."""
        text = json.dumps({"apiVersion": "v1", "kind": "List", "items": objects})
        self.kubectl("-n", namespace, "apply", "-f", "-", text=text)

    @contextlib.contextmanager
    def namespace(self, name: str = "", *, injected: bool = True) -> Iterator[str]:
        """Make a namespace, and let it be deleted behind our back at the end."""
        name = name or f"test-{uuid.uuid4().hex[:8]}"
        labels = {"istio-injection": "enabled"} if injected else {}
        self.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}})
        try:
            self.until("the default account", lambda: self.get(name, "serviceaccount", "default"))
            yield name
        finally:
            self.kubectl("delete", "namespace", name, "--wait=false")

    def ready(self, namespace: str, selector: str = "", seconds: float = PODS_READY) -> None:
        """Wait until every pod of a namespace that is not about to go is ready in all its containers."""
        self.until(f"pods of {namespace}", lambda: self._all_ready(namespace, selector), seconds)

    def _all_ready(self, namespace: str, selector: str) -> bool:
        for deployment in self.get(namespace, "deployments", f"--selector={selector}")["items"]:
            wanted, status = deployment["spec"]["replicas"], deployment["status"]
            if status.get("observedGeneration") != deployment["metadata"]["generation"]:
                return False
            if (
                not wanted
                == status.get("readyReplicas", 0)
                == status.get("replicas", 0)
                == status.get("updatedReplicas", 0)
            ):
                return False
        pods = self.get(namespace, "pods", f"--selector={selector}")["items"]
        return all(_is_ready(pod) for pod in pods if "deletionTimestamp" not in pod["metadata"])

    def scale(self, namespace: str, deployment: str, replicas: int) -> None:
        """Change how many pods a deployment has, and wait for them."""
        self.kubectl("-n", namespace, "scale", f"deployment/{deployment}", f"--replicas={replicas}")
        self.ready(namespace)

    def pods(self, namespace: str, selector: str = "") -> list[str]:
        """List the names of pods that are not about to go."""
        found = self.get(namespace, "pods", f"--selector={selector}")["items"]
        return [pod["metadata"]["name"] for pod in found if "deletionTimestamp" not in pod["metadata"]]

    def push(self, image: Image, repository: str, *, private: bool = False) -> str:
        """Push an image to one of the registries, and give the reference by digest."""
        if not private:
            name = f"{self.registry}/{repository}"
            return f"{name}@{push(image, f'{name}:test', plain_http=True).digest}"
        with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
            Path(folder, "config.json").write_text(self._docker_config(PASSWORD))
            patch.setenv("DOCKER_CONFIG", folder)
            name = f"{self.private_registry}/{repository}"
            return f"{name}@{push(image, f'{name}:test', plain_http=True).digest}"

    def forget_logs(self, namespace: str, pod: str, container: str = "istio-proxy") -> None:
        """Take away what a container has said so far, as a rotation does once the old file is gone."""
        for path in self.path("pods").glob(f"{namespace}_{pod}_*/{container}/*.log"):
            os.truncate(path, 0)

    def account(self, namespace: str, name: str, rules: Sequence[Mapping[str, Any]]) -> Path:
        """Make a service account that may do what the rules of its Role say in its namespace, and nothing else.

        Returns
        -------
        pathlib.Path
            A kubeconfig file; it goes with the cluster.
        """
        group, about = "rbac.authorization.k8s.io", {"name": name, "namespace": namespace}
        subject = {"kind": "ServiceAccount", **about}
        role = {"apiGroup": group, "kind": "Role", "name": name}
        self.apply(
            {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": about},
            {"apiVersion": f"{group}/v1", "kind": "Role", "metadata": about, "rules": list(rules)},
            {
                "apiVersion": f"{group}/v1",
                "kind": "RoleBinding",
                "metadata": about,
                "roleRef": role,
                "subjects": [subject],
            },
            namespace=namespace,
        )
        token = self.kubectl("-n", namespace, "create", "token", name, "--duration=8h").strip()
        path = self.home.logs / f"{namespace}.{name}.kubeconfig"
        server = f"https://{self.address}:6443"
        user = {"token": token}
        path.write_text(certificates.kubeconfig(server, self.path("keys/ca.crt"), user, namespace))
        return path

    def pull_secret(self, namespace: str, name: str, password: str = PASSWORD) -> None:
        """Make a secret for the private registry."""
        self.apply(
            {
                "apiVersion": "v1",
                "kind": "Secret",
                "type": "kubernetes.io/dockerconfigjson",
                "metadata": {"name": name},
                "stringData": {".dockerconfigjson": self._docker_config(password)},
            },
            namespace=namespace,
        )

    def _docker_config(self, password: str) -> str:
        auth = base64.b64encode(f"{USER}:{password}".encode()).decode()
        return json.dumps({"auths": {self.private_registry: {"auth": auth}}})

    def strict(self, namespace: str) -> None:
        """Refuse plain text between all workloads of a namespace."""
        self.apply(
            {
                "apiVersion": "security.istio.io/v1",
                "kind": "PeerAuthentication",
                "metadata": {"name": "default"},
                "spec": {"mtls": {"mode": "STRICT"}},
            },
            namespace=namespace,
        )

    def until(self, what: str, look: Callable[[], Any], seconds: float = 60.0) -> Any:
        """Wait until something can be seen, and give it."""
        deadline = time.monotonic() + seconds
        problem = ""
        while time.monotonic() < deadline:
            try:
                if found := look():
                    return found
            except ToolError as error:
                problem = str(error)
            time.sleep(0.1)
        raise ClusterError(f"{what}: not within {seconds:.0f} s {problem}")


def _children(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/task/{pid}/children").read_text().split()


def _is_ready(pod: Mapping[str, Any]) -> bool:
    conditions = {one["type"]: one["status"] for one in pod["status"].get("conditions", [])}
    return conditions.get("Ready") == "True"
