"""What ``%wasm_doctor`` looks at in a cluster: that it answers, Istio, and every right, with what is lost without."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wasmnb.check import Check
from wasmnb.errors import MeshError
from wasmnb.mesh.istio.api.rbac import NEEDS, bookinfo_role, roles, share_roles
from wasmnb.mesh.istio.api.transport import Transport
from wasmnb.mesh.istio.objects.objects import KINDS
from wasmnb.wording import Option, Verb, Wording

if TYPE_CHECKING:
    from collections.abc import Callable

    from wasmnb.mesh.istio.api.cluster import Cluster
    from wasmnb.mesh.istio.proxies.admin import Admin
    from wasmnb.mesh.istio.proxies.istiod import Istio

__all__ = ["examine", "rbac"]

_TRANSPORTS = {Transport.PORT_FORWARD: "a forwarded port", Transport.EXEC: "pilot-agent, by exec"}
_SHARES = """\
# For steps by share of the requests alone: it may say where requests go. Leave both out elsewhere.
"""
_BOOKINFO = """\
# For %wasm_bookinfo alone: it may make and delete Deployments, and label the namespace. Leave it out elsewhere.
"""


def examine(
    cluster: Cluster,
    namespace: str,
    istio: Istio,
    admin: Admin,
    *,
    left_raised: Callable[[], list[str]],
    shares: Callable[[], list[tuple[str, bool]]],
) -> list[Check]:
    """Look at the cluster, Istio, the user's rights, the log levels of proxies, and shares of requests.

    Parameters
    ----------
    cluster : Cluster
    namespace : str
    istio : Istio
    admin : Admin
    left_raised : callable
        Puts back log levels that an interrupted proof had raised; names the pods.
    shares : callable
        Removes routes of ours that a rollout has left behind; says which there are, and whether it was removed.

    Returns
    -------
    list of Check
        What could not be looked at is a row too, never an exception.
    """
    try:
        version = str(cluster.request("GET", "/version").get("gitVersion", ""))
    except MeshError as error:
        return [Check("Kubernetes", ok=False, detail=error.what, hint=error.hint)]
    found = [Check("Kubernetes", ok=True, detail=f"{version} ({cluster.context}, namespace {namespace})")]
    kinds = ", ".join(dict.fromkeys(kind.name for kind in istio.kinds))
    told = f"{istio.version or 'of unknown version'}, revision {istio.revision or 'unknown'}; takes {kinds}"
    found.append(
        Check("Istio", ok=not istio.why_blind, detail=istio.why_blind or told, hint=_role_hint(istio.why_blind))
    )
    try:
        found.append(Check("proxies", ok=True, detail=f"asked through {_TRANSPORTS[admin.transport]}"))
        left = left_raised()
    except MeshError as error:
        found.append(Check("proxies", ok=False, detail=error.what, hint=error.hint))
    else:
        found += [Check("log levels", ok="could not" not in words, detail=words) for words in left]
    try:
        found += [Check("shares of requests", ok=gone, detail=words, hint=_end(gone)) for words, gone in shares()]
    except MeshError as error:
        found.append(Check("shares of requests", ok=False, detail=error.what, hint=error.hint))
    return [*found, *_rights(cluster, namespace, istio)]


def rbac(namespace: str, istio: str = "istio-system") -> str:
    """Give the roles that grant everything, as YAML to apply; last, those for steps by share, and for bookinfo, alone.

    Parameters
    ----------
    namespace : str
        The mesh's.
    istio : str
        Istio's own.
    """
    from wasmnb.plugin.rendering import yaml_text  # noqa: PLC0415 - the YAML library

    texts = [yaml_text(role) for role in roles(namespace, istio)]
    shares = _SHARES + "---\n".join(yaml_text(role) for role in share_roles(namespace))
    return "---\n".join([*texts, shares, _BOOKINFO + yaml_text(bookinfo_role(namespace))])


def _rights(cluster: Cluster, namespace: str, istio: Istio) -> list[Check]:
    places = {"own": namespace, "istio": istio.namespace, "cluster": ""}
    absent = {kind.plural for kind in KINDS.values() if kind.ours} - {kind.plural for kind in istio.kinds}
    lost = []
    for need in NEEDS:
        if need.resource in absent:
            continue
        try:
            missing = [right for right in need.rights(places) if not cluster.may(right)]
        except MeshError as error:
            return [Check("rights", ok=False, detail=error.what, hint=error.hint)]
        if missing:
            words = ", ".join(right.verb for right in missing)
            lost.append(Check(f"may {words} {need.resource}", ok=False, detail=need.purpose, hint=missing[0].rule))
    return lost or [Check("rights", ok=True, detail=f"everything that is needed, in {namespace} and {istio.namespace}")]


def _end(gone: bool) -> str:
    return "" if gone else str(Wording("{} or {} ends it", Verb("rollback", ("ID",)), Verb("undeploy", ("ID",))))


def _role_hint(why: str) -> str:
    roles = Wording("{} prints the roles that grant it", Verb("doctor", options=(Option("rbac", value=True),)))
    return str(roles) if why else ""
