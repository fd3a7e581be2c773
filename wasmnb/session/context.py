"""What the parts of a session share: its defaults, its mesh, its images, and the secrets that went through it."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from wasmnb import redact
from wasmnb.errors import Explained, MeshError, NoMeshError
from wasmnb.lazily import once
from wasmnb.wording import Verb, Wording

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator, Sequence

    from wasmnb.compile.language_server import LanguageServers
    from wasmnb.image import Store
    from wasmnb.image.registry.access import AccessKeywords
    from wasmnb.mesh import Mesh
    from wasmnb.mesh.results import Metrics
    from wasmnb.plugin import PodVerdict
    from wasmnb.session.filters import Filters
    from wasmnb.session.open_views import OpenViews
    from wasmnb.session.options.registry import AccessOptions
    from wasmnb.session.settings import Setting
    from wasmnb.session.testing import Cases
    from wasmnb.traffic import Captures
    from wasmnb.traffic.measure import Measurement

__all__ = ["Context"]


class Context:
    """What the parts of a session share.

    Parameters
    ----------
    store : Store, optional
        The images on this machine, where they are not in the user's own store.

    Attributes
    ----------
    said : dict
        What ``Session.config`` has set.
    secrets : set of str
        What must not be shown.
    measured : dict
        Measurements by request, then by the plugins in force.
    metrics : Metrics or None
        As they were read last.
    asked : bool
        The user has answered whether requests may be sent to the mesh's applications.
    own : dict of str to str
        Digests by the names that were built or given here and are not pushed: a registry need not be asked what these
        names mean.
    """

    def __init__(self, store: Store | None = None) -> None:
        self.said: dict[str, Any] = {}
        self._lasting: dict[str, Setting] | None = None
        self.secrets: set[str] = set()
        self.measured: dict[Hashable, dict[Hashable, Measurement]] = {}
        self.own: dict[str, str] = {}
        self.metrics: Metrics | None = None
        self.asked = False
        self._mesh: Mesh | None = None
        self._images = store

    @once
    def filters(self) -> Filters:
        """The filters by name."""
        from wasmnb.session.filters import Filters  # noqa: PLC0415 - for those who have some

        return Filters()

    @once
    def language_servers(self) -> LanguageServers:
        """What knows the sources of filters while they are written."""
        from wasmnb.compile.language_server import LanguageServers  # noqa: PLC0415 - for those who write some

        return LanguageServers()

    @once
    def captures(self) -> Captures:
        """Exchanges, to compare later ones with."""
        from wasmnb.traffic import Captures  # noqa: PLC0415 - for those who send requests

        return Captures()

    @once
    def open_views(self) -> OpenViews:
        """The live views and panels that are open."""
        from wasmnb.session.open_views import OpenViews  # noqa: PLC0415 - for notebooks

        return OpenViews()

    @property
    def lasting(self) -> dict[str, Setting]:
        """The settings that last, as they were when the session first looked.

        Raises
        ------
        ConfigError
            One of them is not what it must be.
        """
        if self._lasting is None:
            from wasmnb.session.settings import lasting  # noqa: PLC0415 - for what asks for a default

            self._lasting = lasting()
        return self._lasting

    @property
    def defaults(self) -> dict[str, Any]:
        """What counts where a command says nothing: what this session has set, else what lasts."""
        return {key: one.value for key, one in self.lasting.items()} | self.said

    def forget_settings(self) -> None:
        """Read the settings that last anew."""
        self._lasting = None

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

    @once
    def cases(self) -> Cases:
        """The cases of the filters."""
        from wasmnb.session.testing import Cases  # noqa: PLC0415 - for those who have some

        return Cases()

    @property
    def chosen(self) -> Mesh | None:
        """The mesh, where one has been chosen."""
        return self._mesh

    @property
    def mesh(self) -> Mesh:
        """The chosen mesh.

        Raises
        ------
        NoMeshError
            None has been chosen; the message says which command starts one.
        """
        if self._mesh is None:
            start = Verb("mesh", () if self.defaults["mesh"] else ("local",))
            raise NoMeshError(
                "No mesh has been chosen yet.",
                hint=Wording("{} starts one (Session.mesh() in Python)", start, python=Wording("{} starts one", start)),
            )
        return self._mesh

    def use(self, mesh: Mesh) -> None:
        """Choose a mesh that runs already.

        Raises
        ------
        MeshError
            Another one is chosen.
        """
        if self._mesh is not None and self._mesh is not mesh:
            raise MeshError(
                f"The mesh {self._mesh.name!r} is chosen already.",
                hint=Wording("{} lets go of it", Verb("mesh", ("stop",))),
                code="WNB4006",
            )
        self._mesh = mesh

    def release(self) -> None:
        """Choose no mesh any more, and forget what was seen of it."""
        self._mesh = None
        if "captures" in vars(self):
            self.captures.clear()
        self.measured.clear()
        self.metrics = None
        self.asked = False

    def default(self, key: str, given: Any) -> Any:
        """Give what was said, or else the default."""
        return self.defaults[key] if given is None else given

    def access(self, host: str, options: AccessOptions) -> AccessKeywords:
        """Say how a registry is spoken to: as the command says, else as the defaults do.

        The defaults are those of the configured registry: another one would not answer, or should not be believed.
        """
        if options.plain_http or options.insecure or options.ca:
            return {"plain_http": options.plain_http, "insecure": options.insecure, "ca": options.ca}
        from wasmnb.image.reference import split_target  # noqa: PLC0415 - for those who ask a registry

        own, known = self.defaults["registry"], self.defaults
        if own is not None and split_target(own)[0] != host:
            return {}
        return {"plain_http": known["plain_http"], "insecure": known["insecure"], "ca": known["ca"]}

    def shown(self, verdicts: Sequence[PodVerdict]) -> tuple[PodVerdict, ...]:
        """Give verdicts with the secrets masked."""
        from wasmnb.plugin.errors import changed  # noqa: PLC0415 - for those who judge

        return tuple(changed(verdict, self.mask) for verdict in verdicts)

    def mask(self, words: str) -> str:
        """Give a text with the secrets masked that went through the session."""
        return redact.text(words, self.secrets)

    @contextmanager
    def guard(self) -> Iterator[None]:
        """Mask, in an error that leaves the session, the secrets that went through it."""
        try:
            yield
        except Explained as error:
            redact.error(error, self.secrets)
            raise
