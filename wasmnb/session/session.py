"""What a notebook remembers, and one public method for each thing that it can do."""

from __future__ import annotations

import atexit
from functools import wraps
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar

from wasmnb.session.builds import Builds
from wasmnb.session.context import Context
from wasmnb.session.defaults import read
from wasmnb.session.deployments import Deployments
from wasmnb.session.image_source import ImageSource
from wasmnb.session.images import Images
from wasmnb.session.meshes import Meshes
from wasmnb.session.registry_login import Logins
from wasmnb.session.registry_server import ServingRegistry
from wasmnb.session.requests import Requests
from wasmnb.session.results import SESSION, Settings
from wasmnb.session.secrets import Secrets

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from typing_extensions import Self

    from wasmnb.image import Store
    from wasmnb.mesh import Mesh
    from wasmnb.session.open_views import OpenViews

__all__ = ["Session", "close_default", "default"]

P = ParamSpec("P")
R = TypeVar("R")
Part = TypeVar("Part")


def _of(
    part: Callable[[Session], Part], method: Callable[Concatenate[Part, P], R]
) -> Callable[Concatenate[Session, P], R]:
    """Make a method of the session that is one of a part of it; the one way out, where secrets are masked."""

    @wraps(method)
    def call(self: Session, /, *args: P.args, **keywords: P.kwargs) -> R:
        with self.context.guard():
            return method(part(self), *args, **keywords)

    return call


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
        What the parts share.
    builds : Builds
    images : Images
    deployments : Deployments
    meshes : Meshes
    requests : Requests
    logins : Logins
    kept : Secrets
    served : ServingRegistry
    """

    def __init__(self, store: Store | None = None) -> None:
        self.context = Context(store)
        self.images = Images(self.context)
        self.kept = Secrets(self.context)
        self.deployments = Deployments(self.context, ImageSource(self.context), self.kept)
        self.builds = Builds(self.context, self.deployments)
        self.meshes = Meshes(self.context)
        self.requests = Requests(self.context)
        self.logins = Logins(self.context, self.kept)
        self.served = ServingRegistry(self.context)

    filter = _of(lambda self: self.builds, Builds.filter)
    test = _of(lambda self: self.builds, Builds.test)
    bench = _of(lambda self: self.builds, Builds.bench)
    file = _of(lambda self: self.builds, Builds.file)
    build = _of(lambda self: self.builds, Builds.build)
    migrate = _of(lambda self: self.builds, Builds.migrate)
    init = _of(lambda self: self.builds, Builds.init)
    times = _of(lambda self: self.builds, Builds.times)

    push = _of(lambda self: self.images, Images.push)
    pull = _of(lambda self: self.images, Images.pull)
    tag = _of(lambda self: self.images, Images.tag)
    rm = _of(lambda self: self.images, Images.rm)
    inspect = _of(lambda self: self.images, Images.inspect)
    list = _of(lambda self: self.images, Images.list)

    deploy = _of(lambda self: self.deployments, Deployments.deploy)
    rollback = _of(lambda self: self.deployments, Deployments.rollback)
    undeploy = _of(lambda self: self.deployments, Deployments.undeploy)
    render = _of(lambda self: self.deployments, Deployments.render)

    mesh = _of(lambda self: self.meshes, Meshes.mesh)
    bookinfo = _of(lambda self: self.meshes, Meshes.bookinfo)
    status = _of(lambda self: self.meshes, Meshes.status)
    pods = _of(lambda self: self.meshes, Meshes.pods)
    logs = _of(lambda self: self.meshes, Meshes.logs)
    metrics = _of(lambda self: self.meshes, Meshes.metrics)
    properties = _of(lambda self: self.meshes, Meshes.properties)
    doctor = _of(lambda self: self.meshes, Meshes.doctor)

    headers = _of(lambda self: self.requests, Requests.headers)
    compare = _of(lambda self: self.requests, Requests.compare)

    login = _of(lambda self: self.logins, Logins.login)
    logout = _of(lambda self: self.logins, Logins.logout)
    registry = _of(lambda self: self.served, ServingRegistry.registry)
    secret = _of(lambda self: self.kept, Secrets.secret)
    keep = _of(lambda self: self.kept, Secrets.keep)

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
            return Settings(self.context.defaults, sources)

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
        """Stop the mesh that was chosen, if there is one, and the registry that is served."""
        self.served.close()
        self.meshes.close()


_default: Session | None = None


def default() -> Session:
    """Give the session that the commands of this process share; its mesh stops when the process ends."""
    global _default  # noqa: PLW0603 - one per kernel, which is one per process
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
