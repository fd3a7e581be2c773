"""What an API server says when it does not do something, in words, with what to try."""

from __future__ import annotations

import json
import ssl
from typing import TYPE_CHECKING, Any

from wasmnb.errors import MeshError
from wasmnb.wording import Option, Verb, Wording

if TYPE_CHECKING:
    from wasmnb.mesh.istio.api.rbac import Right
    from wasmnb.wording import Text

__all__ = [
    "NO_CLUSTER",
    "NO_ISTIO",
    "ConflictError",
    "ForbiddenError",
    "MissingError",
    "NoProgramError",
    "UnstartedError",
    "refused",
    "unreachable",
]

NO_CLUSTER = Wording(
    "`minikube start --memory 6g --cpus 4` or `kind create cluster` makes one; then `istioctl install -y`, and"
    " {}; without a cluster, {} needs nothing",
    Verb("mesh", ("istio",), (Option("context", "NAME"),)),
    Verb("mesh", ("local",)),
)
NO_ISTIO = (
    "`istioctl install --set profile=demo -y` (or `helm install` of istio/base and istio/istiod) brings it; then"
    " `kubectl label namespace NAMESPACE istio-injection=enabled` and restart its pods"
)
_UNAUTHORIZED, _FORBIDDEN, _NOT_FOUND, _CONFLICT = 401, 403, 404, 409


_RUNNING = Wording(
    "is the cluster running (`minikube status`, `kind get clusters`), and the context right? {}", NO_CLUSTER
)
_STRANGER = (
    "the kubeconfig knows another certificate authority, or another name of the API server: write it anew"
    " (`minikube update-context`, `kind export kubeconfig`)"
)


class ForbiddenError(MeshError):
    """The user may not do this; ``right`` is what is missing, when it is known."""

    code = "WNB4010"

    def __init__(self, what: Text, *, right: Right | None = None, **parts: Any) -> None:
        super().__init__(what, **parts)
        self.right = right


class MissingError(MeshError):
    """The cluster has no such thing."""

    code = "WNB4011"


class ConflictError(MeshError):
    """Somebody else owns it, or changed it meanwhile."""

    code = "WNB4012"


class UnstartedError(MeshError):
    """A command was not started, for a reason that may pass."""

    code = "WNB4013"


class NoProgramError(MeshError):
    """A container does not have the program that was to run."""

    code = "WNB4014"


def unreachable(server: str, error: Exception) -> MeshError:
    """Make the message for an API server that does not answer."""
    reason = getattr(error, "reason", None) or error
    return MeshError(
        f"The API server {server} does not answer.",
        why=[str(reason).rpartition(": ")[2] or str(reason)],
        hint=_STRANGER if _strange(reason) else _RUNNING,
        code="WNB4015",
    )


def _strange(reason: object) -> bool:
    """Say whether an API server's certificate is not the one that is expected."""
    return any(isinstance(one, ssl.SSLCertVerificationError) for one in (reason, *getattr(reason, "args", ())))


def refused(status: int, body: str, what: str, right: Right | None) -> MeshError:
    """Make the error for an answer that is none.

    Parameters
    ----------
    status : int
        HTTP status; 0 when there was none.
    body : str
        A Kubernetes ``Status`` object, or whatever came.
    what : str
        What was asked.
    right : Right or None
        What the user needs for it.
    """
    said = _message(body)
    if status == _FORBIDDEN:
        return _forbidden(said, what, right)
    if status == _UNAUTHORIZED:
        return MeshError(
            "The API server does not accept your credentials.",
            why=[said],
            hint="log in to the cluster again, as for kubectl",
            code="WNB4016",
        )
    if status == _NOT_FOUND:
        return MissingError(f"The cluster does not have it: {said}", why=[what])
    if status == _CONFLICT:
        return ConflictError("Somebody else has changed it, or owns it.", why=[said])
    return MeshError(f"The API server refuses: {said}", why=[what], code="WNB4017")


def _forbidden(said: str, what: str, right: Right | None) -> ForbiddenError:
    return ForbiddenError(
        f"You may not {right}." if right else f"You may not do this: {what}.",
        why=[said],
        hint=Wording(
            "{}{} prints what a mesh needs",
            f"a {right.role} with the rule {right.rule} grants it; " if right else "",
            Verb("doctor", options=(Option("rbac", value=True),)),
        ),
        right=right,
    )


def _message(body: str) -> str:
    # A handshake that failed is told with its headers before the body (websocket-client).
    body = body.rpartition("-+-+- ")[2].removeprefix("b'").removesuffix("'")
    try:
        content = json.loads(body[body.find("{") :])
        return str(content.get("message") or body)[:600]
    except (ValueError, AttributeError):
        return body[:300].strip() or "no reason given"
