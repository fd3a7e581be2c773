"""Bookinfo as objects of Kubernetes: four services, an account for each, six deployments; images are upstream's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from wasmnb.errors import Place, UsageError, did_you_mean
from wasmnb.mesh.istio.objects.objects import MANAGED, MANAGER, ObjectKind

__all__ = ["APPS", "DEPLOYMENTS", "KINDS", "PART", "images_of", "manifest"]

APPS = {"details": ("v1",), "ratings": ("v1",), "reviews": ("v1", "v2", "v3"), "productpage": ("v1",)}
"""The services, and the versions of each that run beside each other."""
DEPLOYMENTS = tuple(f"{app}-{version}" for app, versions in APPS.items() for version in versions)
PART = "app.kubernetes.io/part-of"
KINDS = {
    one.name: one
    for one in (
        ObjectKind("Service", "", "v1", "services"),
        ObjectKind("ServiceAccount", "", "v1", "serviceaccounts"),
        ObjectKind("Deployment", "apps", "v1", "deployments"),
    )
}

# As the samples of Istio name them (``samples/bookinfo``).
_PREFIX, _TAG = "docker.io/istio/examples-bookinfo-", "1.20.3"
_PORT = 9080
# Folders that upstream's processes write to.
_WRITTEN = {"reviews": {"tmp": "/tmp", "wlp-output": "/opt/ibm/wlp/output"}, "productpage": {"tmp": "/tmp"}}  # noqa: S108
_ENV = {"reviews": [{"name": "LOG_DIR", "value": "/tmp/logs"}]}  # noqa: S108


def images_of(images: str | Mapping[str, str]) -> dict[str, str]:
    """Name the image of each deployment.

    Parameters
    ----------
    images : str or mapping
        Empty for upstream's. ``PREFIX[:TAG]``: a prefix that ends with ``-`` or ``/`` stands right before
        ``details-v1``; to any other is added ``/examples-bookinfo-``. A mapping has images by deployment.

    Raises
    ------
    UsageError
        A name in the mapping is no deployment.
    """
    if isinstance(images, Mapping):
        for name in images:
            if name not in DEPLOYMENTS:
                raise UsageError(
                    f"Bookinfo has no deployment {name!r}.",
                    where=Place("the images", quote=str(name)),
                    hint=did_you_mean(str(name), DEPLOYMENTS) or f"it has {', '.join(DEPLOYMENTS)}",
                )
        return {**images_of(""), **images}
    prefix, tag = images or _PREFIX, _TAG
    head, colon, tail = prefix.rpartition(":")
    if colon and "/" not in tail:
        prefix, tag = head, tail
    if not prefix.endswith(("-", "/")):
        prefix += "/examples-bookinfo-"
    return {name: f"{prefix}{name}:{tag}" for name in DEPLOYMENTS}


def manifest(images: str | Mapping[str, str] = "") -> list[dict[str, Any]]:
    """Write every object, in the order in which they are applied; see `images_of` for ``images``."""
    chosen = images_of(images)
    found = []
    for app, versions in APPS.items():
        found += [_service(app), _object("v1", "ServiceAccount", f"bookinfo-{app}", {"account": app})]
        found += [_deployment(app, version, chosen[f"{app}-{version}"]) for version in versions]
    return found


def _object(version: str, kind: str, name: str, labels: Mapping[str, str], **rest: Any) -> dict[str, Any]:
    metadata = {"name": name, "labels": {**labels, MANAGED: MANAGER, PART: "bookinfo"}}
    return {"apiVersion": version, "kind": kind, "metadata": metadata, **rest}


def _service(app: str) -> dict[str, Any]:
    # The port's name tells Istio that it speaks HTTP.
    spec = {"selector": {"app": app}, "ports": [{"name": "http", "port": _PORT}]}
    return _object("v1", "Service", app, {"app": app, "service": app}, spec=spec)


def _deployment(app: str, version: str, image: str) -> dict[str, Any]:
    labels = {"app": app, "version": version}
    folders = _WRITTEN.get(app, {})
    container: dict[str, Any] = {
        "name": app,
        "image": image,
        "imagePullPolicy": "IfNotPresent",
        "ports": [{"containerPort": _PORT}],
        "env": _ENV.get(app, []),
        "volumeMounts": [{"name": name, "mountPath": path} for name, path in folders.items()],
    }
    pod = {
        "serviceAccountName": f"bookinfo-{app}",
        "containers": [container],
        "volumes": [{"name": name, "emptyDir": {}} for name in folders],
    }
    spec = {
        "replicas": 1,
        "selector": {"matchLabels": labels},
        "template": {"metadata": {"labels": labels}, "spec": pod},
    }
    return _object("apps/v1", "Deployment", f"{app}-{version}", labels, spec=spec)
