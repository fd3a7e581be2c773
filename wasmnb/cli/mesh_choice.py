"""Which mesh a shell's command is about: what the line says, what is configured, or the only one that runs here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from wasmnb.errors import NoMeshError, UsageError
from wasmnb.mesh.kinds import MESHES
from wasmnb.mesh.running import registrations
from wasmnb.wording import Option, Verb, Wording

if TYPE_CHECKING:
    from typing import TypeGuard

    from wasmnb.session import Session

__all__ = ["choose"]

_CLUSTER = ("context", "namespace", "istio_namespace", "prove")


def choose(session: Session, said: dict[str, Any], *, preflight: bool) -> None:
    """Choose the mesh of a session.

    Parameters
    ----------
    session : Session
    said : dict
        ``mesh``, ``context``, ``namespace``, ``istio_namespace`` and ``prove`` of the line, those that it has.
    preflight : bool
        Whether something may be put in force, which an Envoy tries first; none is started for a look.

    Raises
    ------
    NoMeshError
        Nothing says which, and none runs here.
    UsageError
        What was said contradicts itself.
    MeshError, BadNameError
    """
    cluster = {key: value for key, value in said.items() if key in _CLUSTER}
    name = said.get("mesh") or ("istio" if cluster else None)
    running = [one.name for one in registrations()]
    if name is None:
        configured = session.context.default("mesh", None)
        name = configured if configured in running or _elsewhere(configured) else None
    if name not in running and _elsewhere(name):
        kind = MESHES.load(name)
        tries = {} if preflight or "preflight" not in kind.options else {"preflight": False}
        session.meshes.connect(name, {**cluster, **tries})
        return
    if cluster:
        raise UsageError(
            Wording("{} is of a cluster, and {} is a mesh of this machine.", Option(next(iter(cluster))), repr(name)),
            hint=Wording("leave it out, or say {}", Option("mesh", "istio")),
        )
    if name is None and not running:
        raise NoMeshError(
            "No mesh runs on this machine, and nothing says which cluster is meant.",
            hint=Wording(
                "{} starts one in another shell; {} takes the cluster of the kubeconfig",
                Verb("mesh", ("local",)),
                Option("mesh", "istio"),
            ),
        )
    session.mesh("join", name)


def _elsewhere(name: str | None) -> TypeGuard[str]:
    """Say whether it is a kind of mesh that is connected to, and does not live in a process of the user's."""
    kind = None if name is None else MESHES.get(name)
    return kind is not None and not kind.shared
