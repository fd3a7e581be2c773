"""What all methods of a session share: the defaults, the chosen mesh, and the secrets that went through."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from time import perf_counter
from typing import TYPE_CHECKING, Any

from wasmnb import redact
from wasmnb.errors import Explained, Interrupted, MeshError, NoMeshError, UsageError
from wasmnb.image.reference import Reference, split_target
from wasmnb.plugin.errors import changed
from wasmnb.session import parsing
from wasmnb.session.defaults import KEYS, MESHES, choice, read
from wasmnb.session.filters import Filters
from wasmnb.session.open_views import OpenViews
from wasmnb.session.results import MeshState, Settings
from wasmnb.traffic import Captures
from wasmnb.wording import Option, Verb, Wording

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator, Sequence

    from typing_extensions import Self

    from wasmnb.image import Image, Store
    from wasmnb.mesh import Mesh, PodVerdict
    from wasmnb.mesh.results import Metrics
    from wasmnb.progress import Progress
    from wasmnb.session.testing import Cases
    from wasmnb.traffic.measure import Measurement

__all__ = ["State"]

_PLAIN: dict[str, dict[str, Any]] = {
    "local": {"workloads": (), "bookinfo": True, "gateway_port": 0, "log_level": "info"},
    "istio": {"context": None, "namespace": None, "istio_namespace": "istio-system", "as_": "", "preflight": True},
}
"""The options of each kind of mesh, as they are when they are left out."""


class State:
    """The defaults, the mesh, and what must not be shown."""

    def __init__(self) -> None:
        self._defaults: dict[str, Any] = {key: default.start for key, default in KEYS.items()}
        self._mesh: Mesh | None = None
        self._started: dict[str, Any] = {}
        self._captures = Captures()
        self._metrics: Metrics | None = None
        self._secrets: set[str] = set()
        self._kept: dict[str, str] = {}
        self._filters = Filters()
        self._cases: Cases | None = None
        self._images: Store | None = None
        self.open_views = OpenViews()
        self._measured: dict[Hashable, dict[Hashable, Measurement]] = {}
        # What was built or named here and is not pushed: a registry need not be asked what these names mean.
        self._own: dict[str, str] = {}

    @property
    def filters(self) -> list[str]:
        """The names of the filters that this session knows."""
        return self._filters.names()

    @property
    def _tests(self) -> Cases:
        if self._cases is None:
            from wasmnb.session.testing import Cases  # noqa: PLC0415 - for those who have some

            self._cases = Cases()
        return self._cases

    @property
    def files(self) -> list[str]:
        """The paths of the files that were written for filters of this session."""
        return self._filters.files.names()

    @property
    def store(self) -> Store:
        """The images on this machine.

        Raises
        ------
        ImageError
            Its folder may not be written.
        """
        if self._images is None:
            from wasmnb.image import Store  # noqa: PLC0415 - the first deploy of a filter needs none

            self._images = Store()
        return self._images

    @property
    def current(self) -> Mesh:
        """The chosen mesh.

        Raises
        ------
        NoMeshError
            None has been chosen; the message says which command starts one.
        """
        if self._mesh is None:
            start = Verb("mesh", () if self._defaults["mesh"] else ("local",))
            raise NoMeshError(
                "No mesh has been chosen yet.",
                hint=Wording("{} starts one (Session.mesh() in Python)", start, python=Wording("{} starts one", start)),
            )
        return self._mesh

    @property
    def running(self) -> bool:
        """Whether a mesh has been chosen."""
        return self._mesh is not None

    def use(self, mesh: Mesh) -> None:
        """Choose a mesh that runs already; the session stops it when it closes."""
        if self._mesh is not None and self._mesh is not mesh:
            raise MeshError(
                f"The mesh {self._mesh.name!r} is chosen already.",
                hint=Wording("{} lets go of it", Verb("mesh", ("stop",))),
                code="WNB4006",
            )
        self._mesh = mesh

    def mesh(
        self,
        kind: str | None = None,
        *,
        workloads: Sequence[str] = (),
        bookinfo: bool = True,
        gateway_port: int = 0,
        log_level: str = "info",
        context: str | None = None,
        namespace: str | None = None,
        istio_namespace: str = "istio-system",
        as_: str = "",
        preflight: bool = True,
        progress: Progress | None = None,
    ) -> MeshState:
        """Start a mesh or connect to one, keep the one that is chosen, or let go of it.

        Parameters
        ----------
        kind : str, optional
            ``local``, ``istio`` or ``stop``; without it, the mesh that is chosen, or that of the default ``mesh``.
        workloads : sequence of str
            The user's own HTTP services: ``NAME=HOST:PORT,label=value``.
        bookinfo : bool
            Have the six bookinfo pods too.
        gateway_port : int
            Loopback port of the way in; 0 takes a free one.
        log_level : str
            From which level on the proxies keep what filters log.
        context, namespace : str, optional
            Of ``istio``: a context of the kubeconfig (or ``in-cluster``), and a namespace; without them the current
            context, and the namespace that it names.
        istio_namespace : str
            Istio's own.
        as_ : str
            The kind of object that plugins become: ``TrafficExtension``, ``WasmPlugin`` or ``EnvoyFilter``; empty for
            the newest that fits.
        preflight : bool
            Load every module in the embedded Envoy before anything is applied.

        Raises
        ------
        UsageError, NoMeshError, MeshError
        """
        with self._guard():
            if kind is not None:
                kind = choice("the mesh", kind, (*MESHES, "stop"))
            if kind == "stop":
                return self._stop()
            asked = {
                "workloads": tuple(workloads),
                "bookinfo": bookinfo,
                "gateway_port": gateway_port,
                "log_level": log_level,
                "context": context,
                "namespace": namespace,
                "istio_namespace": istio_namespace,
                "as_": as_,
                "preflight": preflight,
            }
            if self._mesh is not None:
                self._same_options(kind, asked)
                try:
                    return self._state("kept")
                except MeshError:
                    # It was stopped behind our back, or its supervisor died: nothing of it is left to be kept.
                    self._stop()
            kind = kind or self._defaults["mesh"]
            if kind is None:
                return self._state("kept")  # raises: there is none, and none is configured
            return self._start(kind, _own(kind, asked), progress)

    def config(self, **defaults: Any) -> Settings:
        """Set session defaults, and give all of them; an empty value goes back to the first one.

        Raises
        ------
        UsageError, ConfigError
            A key is unknown or a value is not what it must be; nothing has been set then.
        """
        with self._guard():
            self._defaults.update(read(defaults))
            return Settings(dict(self._defaults))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Stop the mesh that was chosen, if there is one."""
        if self._mesh is not None:
            self._stop()

    def _same_options(self, kind: str | None, asked: dict[str, Any]) -> None:
        """Refuse another mesh, and options that this one was not started with; left out, they are no question."""
        name = self.current.name
        if kind not in (None, name) and name in _PLAIN:
            raise MeshError(
                f"The mesh {name!r} is chosen already.",
                hint=Wording("{}, then {}", Verb("mesh", ("stop",)), Verb("mesh", (str(kind),))),
                code="WNB4006",
            )
        plain = {key: value for options in _PLAIN.values() for key, value in options.items()}
        other = [key for key, value in asked.items() if value not in (plain[key], self._started.get(key))]
        if other:
            raise MeshError(
                f"The mesh {name!r} runs already, with other {' and '.join(other)}.",
                hint=Wording("{}, then start it with these options", Verb("mesh", ("stop",))),
                code="WNB4006",
            )

    def _start(self, kind: str, asked: dict[str, Any], progress: Progress | None) -> MeshState:
        start = perf_counter()
        try:
            self._mesh = self._local(asked, progress) if kind == "local" else self._istio(asked)
        except KeyboardInterrupt:
            raise Interrupted("Starting the mesh was stopped; nothing of it runs.") from None
        self._started = asked
        try:
            return replace(self._state("started"), seconds=perf_counter() - start)
        except KeyboardInterrupt:
            raise Interrupted(
                "The mesh was not looked at to the end; it runs.", hint=Wording("{} ends it", Verb("mesh", ("stop",)))
            ) from None

    @staticmethod
    def _local(asked: dict[str, Any], progress: Progress | None) -> Mesh:
        own = [parsing.workload(word) for word in asked["workloads"]]
        if not own and not asked["bookinfo"]:
            raise UsageError(
                "A mesh needs a workload.",
                hint=Wording(
                    "{}, or leave out {}",
                    Option("workloads", "NAME=HOST:PORT", flag="--workload"),
                    Option("bookinfo", value=False, flag="--no-bookinfo"),
                ),
            )
        from wasmnb.mesh.local import LocalMesh  # noqa: PLC0415 - heavy, and only for its users

        return LocalMesh.start(
            workloads=None if asked["bookinfo"] else (),
            extra=own,
            gateway_port=asked["gateway_port"],
            log_level=asked["log_level"],
            progress=progress,
        )

    def _istio(self, asked: dict[str, Any]) -> Mesh:
        from wasmnb.mesh.istio import IstioMesh  # noqa: PLC0415 - heavy, and only for its users

        return IstioMesh.connect(
            asked["context"],
            asked["namespace"],
            system=asked["istio_namespace"],
            as_=asked["as_"],
            preflight=asked["preflight"],
            fetch=self._fetched,
        )

    def _fetched(self, pinned: str) -> Image:
        """Get the image of a pinned reference: from the store, else from its registry."""
        from wasmnb.session.image_lookup import find  # noqa: PLC0415 - for images that others deployed

        host = Reference.parse(pinned).host
        access = self._access(host, plain_http=False, insecure=False, ca=None)
        return find(pinned, self.store, own="", access=access).image

    def _stop(self) -> MeshState:
        mesh, start = self.current, perf_counter()
        self.open_views.close("the mesh was stopped")
        mesh.stop()
        self._mesh = None
        self._captures.clear()
        self._metrics = None
        self._measured.clear()
        return MeshState(mesh.name, (), "stopped", perf_counter() - start, about=mesh.remains)

    def _state(self, change: str) -> MeshState:
        mesh = self.current
        return MeshState(mesh.name, tuple(mesh.pods()), change, gateway=mesh.gateway, about=mesh.about)

    def _default(self, key: str, given: Any) -> Any:
        return self._defaults[key] if given is None else given

    def _access(self, host: str, *, plain_http: bool, insecure: bool, ca: str | None) -> dict[str, Any]:
        """Say how a registry is spoken to: as the command says, else as the defaults do.

        The defaults are those of the configured registry: another one would not answer, or should not be believed.
        """
        if plain_http or insecure or ca:
            return {"plain_http": plain_http, "insecure": insecure, "ca": ca}
        own = self._defaults["registry"]
        if own is not None and split_target(own)[0] != host:
            return {}
        return {name: self._defaults[name] for name in ("plain_http", "insecure", "ca")}

    def _shown(self, verdicts: Sequence[PodVerdict]) -> tuple[PodVerdict, ...]:
        return tuple(changed(verdict, self.mask) for verdict in verdicts)

    def mask(self, words: str) -> str:
        """Give a text with the secrets masked that went through the session."""
        return redact.text(words, self._secrets)

    @contextmanager
    def _guard(self) -> Iterator[None]:
        """Mask, in an error that leaves the session, the secrets that went through it."""
        try:
            yield
        except Explained as error:
            redact.error(error, self._secrets)
            raise


def _own(kind: str, asked: dict[str, Any]) -> dict[str, Any]:
    """Give the options of a kind of mesh; refuse those of another.

    Raises
    ------
    UsageError
    """
    for other, options in _PLAIN.items():
        wrong = [key for key, value in options.items() if other != kind and asked[key] != value]
        if wrong:
            raise UsageError(f"{', '.join(wrong)} is for the mesh {other!r}, not for {kind!r}.", hint="leave it out")
    return {key: asked[key] for key in _PLAIN[kind]}
