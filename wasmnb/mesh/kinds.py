"""The kinds of meshes that a user can name, ours and those of other packages, and how each is started."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from wasmnb.errors import UsageError
from wasmnb.mesh.suggestion import suggestion
from wasmnb.plugin.verdict import Proof
from wasmnb.registered import Group
from wasmnb.wording import Option, Wording

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from wasmnb.envoy.taken_over import TakenOver
    from wasmnb.image import Image
    from wasmnb.mesh.protocol import Mesh
    from wasmnb.progress import Progress

__all__ = ["ISTIO", "LOCAL", "MESHES", "MeshKind", "Start"]


class Start(Protocol):
    """Starts a mesh of some kind, or connects to one."""

    def __call__(self, asked: Mapping[str, Any], *, fetch: Callable[[str], Image], progress: Progress | None) -> Mesh:
        """Give a running mesh.

        Parameters
        ----------
        asked : mapping
            What was said of the options that the kind names, and their defaults.
        fetch : callable
            Gets the image of a reference with a digest, where a mesh finds one in force that it does not have.
        progress : Progress, optional

        Raises
        ------
        MeshError, UsageError
        """


@dataclass(frozen=True)
class MeshKind:
    """A kind of mesh.

    Parameters
    ----------
    start : Start
    options : tuple of str
        Which options of ``Session.mesh`` it takes.
    shared : bool
        It lives in the process that starts it, and the user's other processes find it there.
    borrowed : mapping of str to tuple of str
        By an option of its own, which options of other kinds it takes beside it.
    """

    start: Start
    options: tuple[str, ...] = ()
    shared: bool = False
    borrowed: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def _local(asked: Mapping[str, Any], *, fetch: Callable[[str], Image], progress: Progress | None) -> Mesh:  # noqa: ARG001 - the images it runs are here
    from wasmnb.mesh.local import LocalMesh  # noqa: PLC0415 - heavy, and only for its users
    from wasmnb.mesh.local.workload import read_workload  # noqa: PLC0415

    own = [read_workload(word) for word in asked["workloads"]]
    if not own and not asked["bookinfo"]:
        hint = Wording(
            "{}, or leave out {}",
            Option("workloads", "NAME=HOST:PORT", flag="--workload"),
            Option("bookinfo", value=False, flag="--no-bookinfo"),
        )
        raise UsageError("A mesh needs a workload.", hint=hint)
    return LocalMesh.start(
        workloads=None if asked["bookinfo"] else (),
        extra=own,
        gateway_port=asked["gateway_port"],
        log_level=asked["log_level"],
        taken=None if asked["from_"] is None else _taken(asked),
        progress=progress,
    )


def _taken(asked: Mapping[str, Any]) -> TakenOver:
    from wasmnb.mesh.istio import IstioMesh  # noqa: PLC0415 - heavy, and only for who takes a proxy over

    kind, _, name = asked["from_"].rpartition("/")
    if kind not in ("", "pod", "pods", "po") or not name:
        said = Option("from_", "pod/NAME", flag="--from")
        raise UsageError(f"{asked['from_']!r} is not a pod.", hint=Wording("write {}, as kubectl names it", said))
    mesh = IstioMesh.connect(asked["context"], asked["namespace"], system=asked["istio_namespace"], preflight=False)
    try:
        return mesh.proxy(name)
    finally:
        mesh.stop()


def _istio(asked: Mapping[str, Any], *, fetch: Callable[[str], Image], progress: Progress | None) -> Mesh:  # noqa: ARG001 - connecting takes a moment
    places = _places(asked["context"], asked["namespace"])
    if len(places) == 1:
        return _connected(*places[0], asked, fetch)
    if asked["prove"] is not None and proof(asked["prove"]) is not Proof.CONFIG:
        raise UsageError(
            "A view of several sends nothing, so that no filter is seen to act there.",
            hint=Wording("leave out {}, or look at one", Option("prove", str(asked["prove"]))),
        )
    from wasmnb.mesh.view import MeshView  # noqa: PLC0415 - for those who look at several

    several = [len({place[part] for place in places}) > 1 for part in (0, 1)]
    meshes: dict[str, Mesh] = {}
    try:
        for place in places:
            name = "/".join(str(word) for word, tells in zip(place, several, strict=True) if tells)
            meshes[name] = _connected(*place, {**asked, "preflight": False}, fetch)
    except BaseException:
        for mesh in meshes.values():
            mesh.stop()
        raise
    return MeshView(meshes)


def _connected(
    context: str | None, namespace: str | None, asked: Mapping[str, Any], fetch: Callable[[str], Image]
) -> Mesh:
    from wasmnb.mesh.istio import IstioMesh  # noqa: PLC0415 - heavy, and only for its users

    return IstioMesh.connect(
        context,
        namespace,
        system=asked["istio_namespace"],
        as_=asked["as_"],
        preflight=asked["preflight"],
        fetch=fetch,
        prove=None if asked["prove"] is None else proof(asked["prove"]),
        sample=asked["sample"],
    )


def _places(context: str | None, namespace: str | None) -> list[tuple[str | None, str | None]]:
    """Read which contexts and namespaces are meant: several have commas between."""
    contexts, namespaces = (_several(said) for said in (context, namespace))
    return [(one, other) for one in contexts for other in namespaces]


def _several(said: str | None) -> list[str | None]:
    """Part what has commas between; raise where nothing stands beside one.

    Raises
    ------
    UsageError
    """
    if not said:
        return [said]
    parts = [part.strip() for part in said.split(",")]
    if "" in parts:
        raise UsageError(f"{said!r} names nothing beside a comma.", hint="write a,b without a comma at the end")
    return list(dict.fromkeys(parts))


def proof(said: str) -> Proof:
    """Read how a filter is to be seen to act: ``effect``, ``trace`` or ``config``.

    Raises
    ------
    UsageError
        It is none of them.
    """
    known = {one.value.lower(): one for one in (Proof.EFFECT, Proof.TRACE, Proof.CONFIG)}
    if said.lower() not in known:
        raise UsageError(f"{said!r} is not a proof that a mesh has.", hint=suggestion(said, known))
    return known[said.lower()]


LOCAL = MeshKind(
    _local,
    ("workloads", "bookinfo", "gateway_port", "log_level", "from_"),
    shared=True,
    borrowed={"from_": ("context", "namespace", "istio_namespace")},
)
ISTIO = MeshKind(
    _istio,
    (
        *("context", "namespace", "istio_namespace", "as_", "preflight", "prove", "sample"),
        *("agent", "echo", "agent_image", "agent_base", "agent_pull_secret"),
    ),
)

MESHES = Group(
    "wasmnb.meshes", "mesh", {"local": "wasmnb.mesh.kinds:LOCAL", "istio": "wasmnb.mesh.kinds:ISTIO"}, MeshKind
)
