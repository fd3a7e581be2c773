"""The objects of the agent in a cluster: one Deployment, its account, its rights, and the ConfigMap of its status.

Those of the echo, too, which is another program of the same image: a Deployment and a Service.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from wasmnb.mesh.istio.api.rbac import agent_roles
from wasmnb.mesh.istio.objects.objects import MANAGED, MANAGER, ObjectKind
from wasmnb.mesh.istio.proxies.pod_list import AGENT
from wasmnb.mesh.istio.requests import echo

__all__ = ["ECHO_LABELS", "KINDS", "LABELS", "NAME", "Agent", "echo_manifest", "manifest"]

NAME = "wasmnb-agent"
"""Of every object of the agent in its namespace."""
ECHO_LABELS = {"app": echo.NAME, MANAGED: MANAGER}
LABELS = {"app.kubernetes.io/name": NAME, MANAGED: MANAGER}
PORT = 8080
USER = 65532
"""Nobody's user id, as distroless images have it."""

_NOBODY = {
    "runAsNonRoot": True,
    "runAsUser": USER,
    "runAsGroup": USER,
    "seccompProfile": {"type": "RuntimeDefault"},
}
_LOCKED = {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}}
_RBAC = "rbac.authorization.k8s.io"
KINDS = {
    kind.name: kind
    for kind in (
        ObjectKind("ServiceAccount", "", "v1", "serviceaccounts"),
        ObjectKind("Role", _RBAC, "v1", "roles"),
        ObjectKind("RoleBinding", _RBAC, "v1", "rolebindings"),
        ObjectKind("ConfigMap", "", "v1", "configmaps"),
        ObjectKind("Service", "", "v1", "services"),
        ObjectKind("Deployment", "apps", "v1", "deployments"),
    )
}
"""The kinds of these objects, in the order in which they are made."""


@dataclass(frozen=True)
class Agent:
    """An agent as it is to be.

    Parameters
    ----------
    image : str
        By a reference that the nodes can pull.
    namespace : str
        Whose pods it judges, and where it runs.
    system : str
        Istio's own namespace.
    pull_secret : str
        The secret with which nodes pull its image; empty for none.
    """

    image: str
    namespace: str = "default"
    system: str = "istio-system"
    pull_secret: str = ""


def manifest(agent: Agent) -> list[dict[str, Any]]:
    """Give the objects in the order in which they are made.

    Parameters
    ----------
    agent : Agent
    """
    subject = {"kind": "ServiceAccount", "name": NAME, "namespace": agent.namespace}
    account: dict[str, Any] = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": _metadata(agent.namespace)}
    if agent.pull_secret:
        account["imagePullSecrets"] = [{"name": agent.pull_secret}]
    roles = agent_roles(NAME, agent.namespace, agent.system)
    bindings = []
    for role in roles:
        role["metadata"]["labels"] = dict(LABELS)
        bindings.append(
            {
                "apiVersion": f"{_RBAC}/v1",
                "kind": "RoleBinding",
                "metadata": dict(role["metadata"]),
                "roleRef": {"apiGroup": _RBAC, "kind": "Role", "name": role["metadata"]["name"]},
                "subjects": [subject],
            }
        )
    status = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": _metadata(agent.namespace)}
    return [account, *roles, *bindings, status, _deployment(agent)]


def echo_manifest(image: str, namespace: str, pull_secret: str = "") -> list[dict[str, Any]]:
    """Give the objects of the echo in the order in which they are made; its pod has a sidecar as any other.

    Parameters
    ----------
    image : str
        The agent's, by a reference that the nodes can pull.
    namespace : str
    pull_secret : str
        The secret with which nodes pull its image; empty for none.
    """
    metadata = {"name": echo.NAME, "namespace": namespace, "labels": dict(ECHO_LABELS)}
    ports = [{"name": "http", "port": echo.PORT, "targetPort": echo.PORT}]
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": dict(metadata),
        "spec": {"selector": {"app": echo.NAME}, "ports": ports},
    }
    container = {
        "name": "echo",
        "image": image,
        "args": ["echo", f"--port={echo.PORT}", f"--kept-port={echo.KEPT_PORT}"],
        "ports": [{"name": "http", "containerPort": echo.PORT}],
        "readinessProbe": {"httpGet": {"path": "/", "port": "http"}, "periodSeconds": 2},
        "resources": {"requests": {"cpu": "10m", "memory": "64Mi"}, "limits": {"memory": "512Mi"}},
        "securityContext": _LOCKED,
    }
    pod: dict[str, Any] = {
        "automountServiceAccountToken": False,
        "terminationGracePeriodSeconds": 5,
        "securityContext": _NOBODY,
        "containers": [container],
    }
    if pull_secret:
        pod["imagePullSecrets"] = [{"name": pull_secret}]
    deployment = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": metadata,
        "spec": {
            "replicas": 1,
            "selector": {"matchLabels": {"app": echo.NAME}},
            "template": {"metadata": {"labels": {**ECHO_LABELS, "version": "v1"}}, "spec": pod},
        },
    }
    return [service, deployment]


def _metadata(namespace: str) -> dict[str, Any]:
    return {"name": NAME, "namespace": namespace, "labels": dict(LABELS)}


def _deployment(agent: Agent) -> dict[str, Any]:
    chosen = {"app.kubernetes.io/name": NAME}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": _metadata(agent.namespace),
        "spec": {
            "replicas": 1,
            # Two would write one status.
            "strategy": {"type": "Recreate"},
            "selector": {"matchLabels": chosen},
            "template": {
                "metadata": {
                    "labels": {**LABELS, AGENT: "true", "sidecar.istio.io/inject": "false"},
                    "annotations": {
                        "prometheus.io/scrape": "true",
                        "prometheus.io/port": str(PORT),
                        "prometheus.io/path": "/metrics",
                    },
                },
                "spec": {
                    "serviceAccountName": NAME,
                    "terminationGracePeriodSeconds": 5,
                    "securityContext": _NOBODY,
                    "containers": [_container(agent)],
                },
            },
        },
    }


def _container(agent: Agent) -> dict[str, Any]:
    return {
        "name": "agent",
        "image": agent.image,
        "args": ["run", f"--namespace={agent.namespace}", f"--istio-namespace={agent.system}", f"--port={PORT}"],
        "env": [{"name": "POD_NAME", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}],
        "ports": [{"name": "metrics", "containerPort": PORT}],
        "readinessProbe": {"httpGet": {"path": "/ready", "port": "metrics"}, "periodSeconds": 2},
        "livenessProbe": {
            "httpGet": {"path": "/alive", "port": "metrics"},
            "initialDelaySeconds": 30,
            "periodSeconds": 20,
            "timeoutSeconds": 5,
        },
        "resources": {"requests": {"cpu": "50m", "memory": "96Mi"}, "limits": {"memory": "512Mi"}},
        "securityContext": _LOCKED,
    }
