"""The node's programs and their options."""

from __future__ import annotations

import shutil
from pathlib import Path
from string import Template

from tests.cluster import images
from tests.cluster.places import DNS_SERVICE, INSIDE, NODE, PODS, SERVICES, Home
from tests.cluster.programs import PROGRAMS
from tests.cluster.tools import PATH

_KEYS = INSIDE / "keys"

# Of every option that is not here, the program's own default holds.
_OPTIONS = {
    "etcd": """
        --data-dir $inside/etcd --listen-client-urls http://127.0.0.1:2379 --advertise-client-urls http://127.0.0.1:2379
        --listen-peer-urls http://127.0.0.1:2380 --unsafe-no-fsync --logger zap --log-level warn""",
    "kube-apiserver": """
        --etcd-servers=http://127.0.0.1:2379 --bind-address=$address --advertise-address=$address
        --service-cluster-ip-range=$services --authorization-mode=Node,RBAC --enable-admission-plugins=NodeRestriction
        --allow-privileged --client-ca-file=$keys/ca.crt
        --tls-cert-file=$keys/apiserver.crt --tls-private-key-file=$keys/apiserver.key
        --service-account-issuer=https://kubernetes.default.svc.cluster.local
        --service-account-signing-key-file=$keys/accounts.key --service-account-key-file=$keys/accounts.pub
        --kubelet-certificate-authority=$keys/ca.crt --kubelet-preferred-address-types=InternalIP
        --kubelet-client-certificate=$keys/apiserver-kubelet.crt --kubelet-client-key=$keys/apiserver-kubelet.key""",
    "kube-controller-manager": """
        --kubeconfig=$keys/controller-manager.conf --leader-elect=false --bind-address=127.0.0.1
        --use-service-account-credentials --service-account-private-key-file=$keys/accounts.key
        --root-ca-file=$keys/ca.crt --cluster-signing-cert-file=$keys/ca.crt --cluster-signing-key-file=$keys/ca.key""",
    "kube-scheduler": "--kubeconfig=$keys/scheduler.conf --leader-elect=false --bind-address=127.0.0.1",
    "kubelet": """
        --config=$inside/config/kubelet.yaml --kubeconfig=$keys/kubelet.conf --root-dir=$inside/kubelet
        --hostname-override=$node --node-ip=$address""",
    "kube-proxy": "--config=$inside/config/kube-proxy.yaml",
    "containerd": "--config $inside/config/containerd.toml --log-level warn",
    "registry": "serve $inside/config/registry.yaml",
    "private-registry": "serve $inside/config/private-registry.yaml",
}
PACKAGES = {
    "etcd": "etcd-server",
    "containerd": "containerd",
    "ctr": "containerd",
    "runc": "runc",
    "docker-registry": "docker-registry",
    "iptables": "iptables",
    "conntrack": "conntrack",
    "ip": "iproute2",
    "nsenter": "util-linux",
    "mount": "mount",
    "busybox": "busybox-static",
    "curl": "curl",
}
"""The Debian package that has a program which the cluster uses as it is."""
FILES = {
    "/usr/lib/cni/bridge": "containernetworking-plugins",
    "/etc/ssl/certs/ca-certificates.crt": "ca-certificates",
}
"""The same for files that are no programs on the path."""


def names(home: Home, address: str) -> dict[str, str]:
    """Give what the files in ``config`` and the options here call by a name with ``$``."""
    return {
        "address": address,
        "dns": DNS_SERVICE,
        "group": home.group,
        "inside": str(INSIDE),
        "keys": str(_KEYS),
        "node": NODE,
        "pause": images.PAUSE,
        "pods": PODS,
        "services": SERVICES,
    }


def command(name: str, known: dict[str, str]) -> list[str]:
    """Give the command that runs one of the node's programs."""
    program: str | None = str(PROGRAMS.built / name)
    if not name.startswith("kube"):
        program = shutil.which("docker-registry" if name.endswith("registry") else name, path=PATH)
    assert program, f"{name} is not installed"
    return [program, *Template(_OPTIONS[name]).substitute(known).split()]


def missing() -> list[str]:
    """List the Debian packages that the cluster needs and that are not installed."""
    packages = {package for program, package in PACKAGES.items() if shutil.which(program, path=PATH) is None}
    packages |= {package for file, package in FILES.items() if not Path(file).exists()}
    return sorted(packages)
