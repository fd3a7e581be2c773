"""What is installed into the cluster before anybody uses it."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from string import Template

from tests.cluster import images
from tests.cluster.places import DNS_SERVICE, HERE, cache
from tests.cluster.programs import PROGRAMS
from tests.cluster.tools import output


def coredns() -> str:
    """Give the name server's objects."""
    return _filled("coredns", image=images.COREDNS_IMAGE, dns=DNS_SERVICE)


def istio() -> Path:
    """Give the file with Istio's objects, rendered of its charts as istioctl does, once for a version and settings."""
    wanted = _filled("istio", hub=images.ISTIO_HUB, tag=images.ISTIO_TAG)
    key = hashlib.sha256(f"{PROGRAMS.built}\0{wanted}".encode()).hexdigest()[:12]
    path = cache() / "manifests" / f"istio-{key}.yaml"
    if not path.exists():
        path.parent.mkdir(exist_ok=True)
        operator, unfinished = path.with_suffix(".operator"), path.with_suffix(f".{os.getpid()}")
        operator.write_text(wanted)
        unfinished.write_text(output(PROGRAMS.built / "istio-manifests", operator))
        unfinished.rename(path)
    return path


def _filled(name: str, **values: str) -> str:
    return Template((HERE / "manifests" / f"{name}.yaml").read_text()).substitute(values)
