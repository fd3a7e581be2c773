"""What a notebook remembers, and one public method for each thing that it can do."""

from __future__ import annotations

import atexit
import threading
from functools import wraps
from typing import TYPE_CHECKING, Any, Concatenate, Generic, ParamSpec, TypeVar, cast

from wasmnb.lazily import once
from wasmnb.session import parts
from wasmnb.session.context import Context

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from typing_extensions import Self

    from wasmnb.compile.language_server import LanguageServers
    from wasmnb.image import Store
    from wasmnb.mesh import Mesh
    from wasmnb.session.open_views import OpenViews
    from wasmnb.session.results import Settings

__all__ = ["Session", "close_default", "default"]

P = ParamSpec("P")
R = TypeVar("R")
Part = TypeVar("Part")


class _Method(Generic[Part, P, R]):
    """A method of the session that is one of a part of it; found, with what it imports, when it is first asked for."""

    def __init__(
        self, part: Callable[[Session], Part], method: Callable[[], Callable[Concatenate[Part, P], R]]
    ) -> None:
        self.part, self.method = part, method

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, session: Session | None, owner: type) -> Any:
        part, method = self.part, self.method()

        @wraps(method)
        def call(self: Session, /, *args: P.args, **keywords: P.kwargs) -> R:
            # The one way out, where secrets are masked.
            with self.context.guard():
                return method(part(self), *args, **keywords)

        setattr(owner, self.name, call)
        return getattr(owner if session is None else session, self.name)


def _of(
    part: Callable[[Session], Part], method: Callable[[], Callable[Concatenate[Part, P], R]]
) -> Callable[Concatenate[Session, P], R]:
    return cast("Callable[Concatenate[Session, P], R]", _Method(part, method))


class Session:
    """Filters by name, the chosen mesh, and the defaults: what the cells of one notebook share.

    Every method is what the command of the same name does; its keywords are the command's options. None prints. What
    they give, and every error they raise, has the secrets masked that went through the session.

    Parameters
    ----------
    store : Store, optional
        The images on this machine, where they are not in the user's own store.

    Attributes
    ----------
    context : Context
        What the parts share. Each part is made, and what it needs is imported, when it is first used.
    """

    def __init__(self, store: Store | None = None) -> None:
        self.context = Context(store)

    def __repr__(self) -> str:
        mesh = f"mesh {self.current.name}" if self.running else "no mesh"
        return f"<Session: {mesh}; filters: {', '.join(self.filters) or 'none'}>"

    @once
    def images(self) -> parts.Images:
        """The images of the store and of registries."""
        return parts.Images(self.context)

    @once
    def kept(self) -> parts.Secrets:
        """The secrets that are kept for configurations."""
        return parts.Secrets(self.context)

    @once
    def deployments(self) -> parts.Deployments:
        """What is put in force and taken away."""
        # By name, so that mypy reads that module first: it cannot infer a decorated method before.
        from wasmnb.session.deployments import Deployments  # noqa: PLC0415

        return Deployments(self.context, parts.ImageSource(self.context), self.kept)

    @once
    def builds(self) -> parts.Builds:
        """What is compiled, tried and made into images."""
        return parts.Builds(self.context, self.deployments)

    @once
    def meshes(self) -> parts.Meshes:
        """The mesh, and what is seen of it."""
        return parts.Meshes(self.context)

    @once
    def requests(self) -> parts.Requests:
        """What is sent through the mesh."""
        return parts.Requests(self.context)

    @once
    def logins(self) -> parts.Logins:
        """The credentials of registries."""
        return parts.Logins(self.context, self.kept)

    @once
    def served(self) -> parts.ServingRegistry:
        """The registry that this process serves."""
        return parts.ServingRegistry(self.context)

    filter = _of(lambda self: self.builds, lambda: parts.Builds.filter)
    test = _of(lambda self: self.builds, lambda: parts.Builds.test)
    bench = _of(lambda self: self.builds, lambda: parts.Builds.bench)
    file = _of(lambda self: self.builds, lambda: parts.Builds.file)
    build = _of(lambda self: self.builds, lambda: parts.Builds.build)
    migrate = _of(lambda self: self.builds, lambda: parts.Builds.migrate)
    init = _of(lambda self: self.builds, lambda: parts.Builds.init)
    times = _of(lambda self: self.builds, lambda: parts.Builds.times)

    push = _of(lambda self: self.images, lambda: parts.Images.push)
    pull = _of(lambda self: self.images, lambda: parts.Images.pull)
    tag = _of(lambda self: self.images, lambda: parts.Images.tag)
    rm = _of(lambda self: self.images, lambda: parts.Images.rm)
    inspect = _of(lambda self: self.images, lambda: parts.Images.inspect)
    list = _of(lambda self: self.images, lambda: parts.Images.list)

    deploy = _of(lambda self: self.deployments, lambda: parts.Deployments.deploy)
    rollback = _of(lambda self: self.deployments, lambda: parts.Deployments.rollback)
    undeploy = _of(lambda self: self.deployments, lambda: parts.Deployments.undeploy)
    render = _of(lambda self: self.deployments, lambda: parts.Deployments.render)

    mesh = _of(lambda self: self.meshes, lambda: parts.Meshes.mesh)
    bookinfo = _of(lambda self: self.meshes, lambda: parts.Meshes.bookinfo)
    status = _of(lambda self: self.meshes, lambda: parts.Meshes.status)
    pods = _of(lambda self: self.meshes, lambda: parts.Meshes.pods)
    logs = _of(lambda self: self.meshes, lambda: parts.Meshes.logs)
    metrics = _of(lambda self: self.meshes, lambda: parts.Meshes.metrics)
    properties = _of(lambda self: self.meshes, lambda: parts.Meshes.properties)
    doctor = _of(lambda self: self.meshes, lambda: parts.Meshes.doctor)

    headers = _of(lambda self: self.requests, lambda: parts.Requests.headers)
    compare = _of(lambda self: self.requests, lambda: parts.Requests.compare)

    login = _of(lambda self: self.logins, lambda: parts.Logins.login)
    logout = _of(lambda self: self.logins, lambda: parts.Logins.logout)
    registry = _of(lambda self: self.served, lambda: parts.ServingRegistry.registry)
    secret = _of(lambda self: self.kept, lambda: parts.Secrets.secret)
    keep = _of(lambda self: self.kept, lambda: parts.Secrets.keep)

    def config(self, *, save: bool = False, **defaults: Any) -> Settings:
        """Set session defaults, and give all of them; an empty value goes back to what lasts, or to the first one.

        What lasts is said in the user's ``config.toml``, in ``[tool.wasmnb]`` of a project's pyproject.toml and in
        ``WASMNB_*`` of the environment, each over the one before.

        Parameters
        ----------
        save : bool
            Write into the user's file what this session has set, now and before; an empty value is taken out of it.
        **defaults
            By their keys.

        Raises
        ------
        UsageError, ConfigError
            A key is unknown or a value is not what it must be; nothing has been set then.
        """
        from wasmnb.session.defaults import read  # noqa: PLC0415 - all that a default can be of
        from wasmnb.session.results import SESSION, Settings  # noqa: PLC0415

        with self.context.guard():
            changed = read(defaults)
            for key, value in changed.items():
                self.context.said.pop(key, None)
                if defaults[key] not in ("", None):
                    self.context.said[key] = value
            if save:
                from wasmnb.session.settings import save as write  # noqa: PLC0415 - for those who save

                write({**dict.fromkeys(changed), **self.context.said})
                self.context.forget_settings()
                for key, one in self.context.lasting.items():
                    if key in self.context.said and self.context.said[key] == one.value:
                        self.context.said.pop(key)
            sources = {key: one.source for key, one in self.context.lasting.items()}
            sources |= dict.fromkeys(self.context.said, SESSION)
            return Settings(self.context.defaults, sources, self.current.name if self.running else "")

    @property
    def filters(self) -> Sequence[str]:
        """The names of the filters that this session knows."""
        return self.context.filters.names()

    @property
    def secrets(self) -> Sequence[str]:
        """The names of the secrets that this session keeps."""
        return self.kept.names()

    @property
    def files(self) -> Sequence[str]:
        """The paths of the files that were written for filters of this session."""
        return self.context.filters.files.names()

    @property
    def store(self) -> Store:
        """The images on this machine.

        Raises
        ------
        ImageError
            Its folder may not be written.
        """
        return self.context.store

    @property
    def current(self) -> Mesh:
        """The chosen mesh.

        Raises
        ------
        NoMeshError
            None has been chosen; the message says which command starts one.
        """
        return self.context.mesh

    @property
    def running(self) -> bool:
        """Whether a mesh has been chosen."""
        return self.context.chosen is not None

    @property
    def language_servers(self) -> LanguageServers:
        """What knows the sources of filters while they are written."""
        return self.context.language_servers

    @property
    def open_views(self) -> OpenViews:
        """The live views and panels that are open."""
        return self.context.open_views

    def use(self, mesh: Mesh) -> None:
        """Choose a mesh that runs already; the session stops it when it closes."""
        self.context.use(mesh)

    def mask(self, words: str) -> str:
        """Give a text with the secrets masked that went through the session."""
        return self.context.mask(words)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Stop the mesh that was chosen, if there is one, the registry that is served, and language servers."""
        if "language_servers" in vars(self.context):
            self.context.language_servers.close()
        if "served" in vars(self):
            self.served.close()
        if self.running:
            self.meshes.close()


_default: Session | None = None
_one = threading.Lock()


def default() -> Session:
    """Give the session that the commands of this process share; its mesh stops when the process ends."""
    global _default  # noqa: PLW0603 - one per kernel, which is one per process
    with _one:
        if _default is None:
            _default = Session()
            atexit.register(close_default)
        return _default


def close_default() -> None:
    """Stop what the shared session started, and forget it."""
    global _default
    if _default is not None:
        session, _default = _default, None
        session.close()
