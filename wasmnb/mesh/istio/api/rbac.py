"""Rights in a cluster: what each thing that a mesh does needs, in words and as the rules that grant it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["NEEDS", "Need", "Right", "agent_roles", "bookinfo_role", "roles", "share_roles"]


_STREAMS = ("pods/exec", "pods/portforward")
_UPGRADED = ("get", "create")
"""What a stream over a websocket needs: its request is a GET, and Kubernetes 1.35 asks for create as well."""


@dataclass(frozen=True)
class Right:
    """One verb on one resource (Kubernetes ``rbac.authorization.k8s.io/v1``).

    Parameters
    ----------
    verb, resource : str
        A subresource stands behind a slash: ``pods/exec``.
    group : str
        API group; empty for the core.
    namespace : str
        Empty for what has none, or for all of them.
    """

    verb: str
    resource: str
    group: str = ""
    namespace: str = ""

    def __str__(self) -> str:
        where = f" in the namespace {self.namespace}" if self.namespace else ""
        kind = f"{self.resource}.{self.group}" if self.group else self.resource
        return f"{self.verb} {kind}{where}"

    @property
    def role(self) -> str:
        """The kind of role that can grant it."""
        # A namespace counts as being in itself; see `bookinfo_role`.
        in_itself = self.resource == "namespaces" and self.verb in ("get", "patch")
        return "Role" if self.namespace or in_itself else "ClusterRole"

    @property
    def rule(self) -> str:
        """The rule of a role that grants it, as one line of YAML."""
        verbs = ", ".join(_UPGRADED) if self.resource in _STREAMS else self.verb
        return f'{{apiGroups: ["{self.group}"], resources: [{self.resource}], verbs: [{verbs}]}}'

    def review(self) -> dict[str, Any]:
        """Give the question whether one has it (``authorization.k8s.io/v1`` SelfSubjectAccessReview)."""
        resource, _, sub = self.resource.partition("/")
        wanted = {"verb": self.verb, "group": self.group, "resource": resource, "subresource": sub}
        return {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SelfSubjectAccessReview",
            "spec": {"resourceAttributes": {**wanted, "namespace": self.namespace}},
        }


@dataclass(frozen=True)
class Need:
    """What a right is for.

    Parameters
    ----------
    purpose : str
        Completes "without it ...".
    verbs : tuple of str
    where : str
        ``own`` for the mesh's namespace, ``istio`` for Istio's own, ``cluster`` for neither.
    """

    purpose: str
    resource: str
    verbs: tuple[str, ...]
    group: str = ""
    where: str = "own"

    def rights(self, namespaces: dict[str, str]) -> list[Right]:
        """Give the rights, one for each verb."""
        return [Right(verb, self.resource, self.group, namespaces[self.where]) for verb in self.verbs]


_EXTENSIONS = ("get", "list", "watch", "create", "patch", "delete")

NEEDS = (
    Need("no pod can be seen", "pods", ("get", "list", "watch")),
    Need("no service can be found by its name", "services", ("get", "list")),
    Need("it is not known which pods a service has", "endpointslices", ("list",), "discovery.k8s.io"),
    Need("nothing can be deployed", "trafficextensions", _EXTENSIONS, "extensions.istio.io"),
    Need("nothing can be deployed before Istio 1.30", "wasmplugins", _EXTENSIONS, "extensions.istio.io"),
    Need(
        "a configuration that is not a JSON object cannot be deployed",
        "envoyfilters",
        _EXTENSIONS,
        "networking.istio.io",
    ),
    Need("what a proxy logged is not known: traps, refusals", "pods/log", ("get",)),
    Need("a proxy is asked by exec, which is slower", "pods/portforward", _UPGRADED),
    Need("no request can be sent from a caller's proxy", "pods/exec", _UPGRADED),
    Need(
        "no request can be sent where a proxy has no curl",
        "pods/ephemeralcontainers",
        ("update", "patch"),
    ),
    Need("no request can be sent where exec is not allowed", "pods", ("create", "delete")),
    Need(
        "why a pod refuses plain HTTP is only guessed",
        "peerauthentications",
        ("list",),
        "security.istio.io",
    ),
    Need("why a pod does not start is not known", "events", ("list",)),
    Need("whether pods get a sidecar is not known", "namespaces", ("get",), where="cluster"),
    Need("Istio is not looked at: its version, what it sent", "pods", ("list",), where="istio"),
    Need("what proxies acknowledged is not known", "pods/portforward", _UPGRADED, where="istio"),
)
"""Everything that an Istio mesh asks of an API server, and what is lost without."""

_HOLDING = {
    "extensions.istio.io": ("trafficextensions", "wasmplugins"),
    "networking.istio.io": ("envoyfilters",),
    "gateway.envoyproxy.io": ("envoyextensionpolicies",),
    "extensions.higress.io": ("wasmplugins",),
}
"""The kinds that may hold plugins, by their groups."""

_MADE = ("list", "create", "patch", "delete")


def roles(namespace: str, istio: str) -> list[dict[str, Any]]:
    """Give the smallest set of roles with which everything works but two things: see `share_roles`, `bookinfo_role`.

    Parameters
    ----------
    namespace : str
        The mesh's.
    istio : str
        Istio's own.

    Returns
    -------
    list of dict
        Two Role objects and a ClusterRole; binding them is the reader's.
    """
    kinds = {"own": ("Role", namespace), "istio": ("Role", istio), "cluster": ("ClusterRole", "")}
    return [
        _role(kind, "wasmnb", home, _rules(need for need in NEEDS if need.where == where))
        for where, (kind, home) in kinds.items()
    ]


def share_roles(namespace: str) -> list[dict[str, Any]]:
    """Give the roles that steps by share of the requests need besides `roles`.

    They may say where requests go, which no filter needs. What others say of it may stand in any namespace.

    Parameters
    ----------
    namespace : str
        The mesh's.
    """
    istio, gateway = "networking.istio.io", "gateway.networking.k8s.io"
    kinds = ("virtualservices", "destinationrules")
    read = [_rule(istio, kinds, ("list",)), _rule(gateway, ("httproutes", "grpcroutes"), ("list",))]
    return [
        _role("Role", "wasmnb-shares", namespace, [_rule(istio, kinds, _MADE)]),
        _role("ClusterRole", "wasmnb-shares", "", read),
    ]


def bookinfo_role(namespace: str) -> dict[str, Any]:
    """Give the role that applying and deleting bookinfo needs besides `roles`.

    It may make and delete Deployments, and label the namespace, which no filter needs: a role of its own, so that it is
    bound only where it is wanted.

    Parameters
    ----------
    namespace : str
        The mesh's.
    """
    rules = [
        _rule("", ("services", "serviceaccounts"), _MADE),
        _rule("apps", ("deployments",), _MADE),
        # For its label. A namespace counts as being in itself (Kubernetes, ``endpoints/request/requestinfo.go``), so
        # that a Role reaches its own and no other.
        _rule("", ("namespaces",), ("get", "patch")),
    ]
    return _role("Role", "wasmnb-bookinfo", namespace, rules)


def agent_roles(name: str, namespace: str, istio: str) -> list[dict[str, Any]]:
    """Give the roles of the agent in the cluster, which looks, and writes its own status and events alone.

    Parameters
    ----------
    name : str
        Of its role, and of the ConfigMap that holds its status.
    namespace : str
        The mesh's.
    istio : str
        Istio's own.

    Returns
    -------
    list of dict
        Two Role objects; one, where both namespaces are the same.
    """
    read = ("get", "list", "watch")
    own = [
        _rule("", ("pods",), read),
        _rule("", ("pods/log",), ("get",)),
        _rule("", ("pods/portforward",), _UPGRADED),
        *(_rule(group, kinds, read) for group, kinds in _HOLDING.items()),
        # A namespace counts as being in itself; see `bookinfo_role`.
        _rule("", ("namespaces",), ("get",)),
        {**_rule("", ("configmaps",), ("get", "patch")), "resourceNames": [name]},
        _rule("", ("events",), ("create",)),
    ]
    system = [_rule("", ("pods",), ("list",)), _rule("", ("pods/portforward",), _UPGRADED)]
    # Agents of several namespaces have theirs side by side in Istio's.
    made = [_role("Role", name, namespace, own), _role("Role", f"{name}-{namespace}", istio, system)]
    return made[:1] if namespace == istio else made


def _role(kind: str, name: str, namespace: str, rules: list[dict[str, Any]]) -> dict[str, Any]:
    metadata = {"name": name, **({"namespace": namespace} if namespace else {})}
    return {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": kind, "metadata": metadata, "rules": rules}


def _rules(needs: Iterable[Need]) -> list[dict[str, Any]]:
    together: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for need in needs:
        together.setdefault((need.group, need.verbs), []).append(need.resource)
    return [_rule(group, resources, verbs) for (group, verbs), resources in together.items()]


def _rule(group: str, resources: Sequence[str], verbs: Sequence[str]) -> dict[str, Any]:
    return {"apiGroups": [group], "resources": list(resources), "verbs": list(verbs)}
