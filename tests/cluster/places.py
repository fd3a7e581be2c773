"""Where the cluster's files lie, and which addresses it has."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass
from pathlib import Path

import platformdirs

HERE = Path(__file__).parent
INSIDE = Path("/run/cluster")
"""The cluster's own folder as its processes see it: in memory, gone with them."""

NODE = "node"
SERVICES = "10.96.0.0/16"
API_SERVICE = "10.96.0.1"
DNS_SERVICE = "10.96.0.10"
PODS = "10.244.0.0/24"

ARCHITECTURE = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())


def cache() -> Path:
    """Give the folder of all that is built once: ``$WASMNB_TEST_CLUSTER_DIR``, or one in the user's cache."""
    named = os.environ.get("WASMNB_TEST_CLUSTER_DIR")
    path = Path(named or platformdirs.user_cache_dir("wasmnb-test-cluster", appauthor=False)).absolute()
    path.mkdir(parents=True, exist_ok=True)
    return path


@dataclass(frozen=True)
class Home:
    """The folder of one cluster: who runs it, its logs, and how to reach it.

    Parameters
    ----------
    name : str
        Several clusters may run at a time, each under a name.
    """

    name: str

    @property
    def folder(self) -> Path:
        return cache() / "clusters" / self.name

    @property
    def lock(self) -> Path:
        """Locked by the guard as long as the cluster runs; holds the guard's process id."""
        return cache() / "clusters" / f"{self.name}.lock"

    @property
    def logs(self) -> Path:
        return self.folder / "logs"

    @property
    def kubeconfig(self) -> Path:
        return self.folder / "logs" / "kubeconfig"

    @property
    def facts(self) -> Path:
        """What is known of a running cluster, as JSON."""
        return self.folder / "logs" / "cluster.json"

    @property
    def group(self) -> str:
        """The name of the control group of its pods."""
        return f"wasmnb-cluster-{self.name}"
