"""What the session's own methods give: filters, files, settings, roles, and the state of the mesh."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from wasmnb import redact
from wasmnb.display import Column, Table
from wasmnb.display.result import Dated, Plural, Tabled
from wasmnb.mesh.results import Pods

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from wasmnb.cases import TestResults
    from wasmnb.compile import Filter
    from wasmnb.compile.languages import Guess
    from wasmnb.mesh import Pod
    from wasmnb.module import Module
    from wasmnb.rollout.deployment import Deployment

__all__ = [
    "SESSION",
    "Bookinfo",
    "BuildTime",
    "BuildTimes",
    "FilterResult",
    "MeshState",
    "Roles",
    "Settings",
    "module_table",
]

SESSION = "this session"
"""Where a setting comes from that was set in it."""

_MILLISECONDS = 1000


@dataclass(frozen=True)
class FilterResult(Dated, Tabled):
    """A filter with its module, and, when asked for, where it is live.

    Parameters
    ----------
    filter : Filter
    module : Module
    unchanged : bool
        The cell was the same as before; nothing was compiled.
    deployment : Deployment or None
        None when only the module was asked for.
    stages : tuple of (str, float)
        Seconds per stage, from the cell to the module or to LIVE.
    guess : Guess or None
        How its language was found, when nobody had said it.
    variable : str
        The notebook's variable that the filter was bound to; empty when it was not.
    tests : TestResults or None
        Of its cases, when they were to be run.
    """

    filter: Filter
    module: Module
    unchanged: bool
    deployment: Deployment | None = None
    stages: tuple[tuple[str, float], ...] = ()
    guess: Guess | None = None
    variable: str = ""
    tests: TestResults | None = None

    @property
    def image_digest(self) -> str:
        """``sha256:...`` of the image that the module becomes: what a mesh is told to run."""
        if self.deployment is not None:
            return self.deployment.digest
        from wasmnb.image import package  # noqa: PLC0415 - for those who ask

        return package(self.module).digest

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader should know of it."""
        deployed = self.deployment.notes if self.deployment is not None else ()
        guessed = (f"the source was {self.guess}",) if self.guess is not None and self.guess.doubtful else ()
        bound = (f"saved as the variable {self.variable}",) if self.variable else ()
        tested = (self.tests.summary,) if self.tests is not None else ()
        return (*deployed, *guessed, *tested, *bound)

    @property
    def table(self) -> Table:
        """The verdicts in rows where it was deployed; else the module in one row.

        The module's columns are ``name`` (``string``), ``size`` (``Int64``, bytes), ``image`` and ``module`` (digests),
        ``abi``, ``root_ids`` (comma between), ``language`` (``string``), ``cached`` (``boolean``), ``seconds``
        (``Float64``) and ``warnings`` (``Int64``).
        """
        return self.deployment.table if self.deployment is not None else module_table(self.module, self.image_digest)

    @property
    def seconds(self) -> float:
        """From the cell to the module, or to LIVE when it was deployed."""
        return sum(seconds for _, seconds in self.stages)

    def to_dict(self) -> dict[str, Any]:
        """Give plain JSON values."""
        return {
            "filter": self.filter.name,
            "language": self.filter.language,
            "guessed": str(self.guess) if self.guess else "",
            "variable": self.variable,
            "module": self.module.digest,
            "size": self.module.size,
            "unchanged": self.unchanged,
            "deployment": self.deployment and self.deployment.to_dict(),
            "stages": dict(self.stages),
            "seconds": self.seconds,
            "at": self.at.isoformat(),
        }


def module_table(module: Module, image_digest: str) -> Table:
    """Give a module in one row; see `FilterResult.table`."""
    build, facts = module.build, module.facts
    columns = (
        Column("name"),
        Column("size", "Int64"),
        Column("image"),
        Column("module"),
        Column("abi"),
        Column("root_ids"),
        Column("language"),
        Column("cached", "boolean"),
        Column("seconds", "Float64"),
        Column("warnings", "Int64"),
    )
    root_ids = ", ".join(name or repr(name) for name in facts.root_ids or ()) or None
    row = (
        *(module.name, module.size, image_digest, module.digest, facts.abi, root_ids, facts.language),
        *((build.cached, build.seconds, len(build.warnings)) if build else (None, None, 0)),
    )
    return Table(columns, (row,))


@dataclass(frozen=True)
class BuildTime:
    """A build of the session.

    Parameters
    ----------
    at : datetime
        When it was done (aware, UTC).
    filter, language : str
    stages : tuple of (str, float)
        Seconds per stage.
    """

    at: datetime
    filter: str
    language: str
    stages: tuple[tuple[str, float], ...]

    def to_dict(self) -> dict[str, Any]:
        """Give plain JSON values."""
        return {
            "at": self.at.isoformat(),
            "filter": self.filter,
            "language": self.language,
            "stages": dict(self.stages),
        }


@dataclass(frozen=True)
class BuildTimes(Plural[BuildTime]):
    """The builds of a session, oldest first."""

    @property
    def table(self) -> Table:
        """The builds in rows.

        The columns are ``at`` (``datetime64[us, UTC]``), ``filter``, ``language``, ``stages`` (``string``) and ``ms``
        (``Float64``).
        """
        columns = (
            Column("at", "datetime64[us, UTC]"),
            Column("filter"),
            Column("language"),
            Column("stages"),
            Column("ms", "Float64"),
        )
        rows = tuple(
            (
                *(one.at, one.filter, one.language),
                ", ".join(f"{name} {_MILLISECONDS * took:.0f}" for name, took in one.stages),
                round(_MILLISECONDS * sum(took for _, took in one.stages), 1),
            )
            for one in self.items
        )
        return Table(columns, rows)

    def to_dict(self) -> dict[str, Any]:
        """Give plain JSON values."""
        return {"builds": [one.to_dict() for one in self.items]}


@dataclass(frozen=True)
class MeshState(Dated, Tabled):
    """A mesh after ``Session.mesh``.

    Parameters
    ----------
    name : str
    pods : tuple of Pod
        Empty once stopped.
    change : str
        ``started``, ``kept`` or ``stopped``.
    seconds : float
        What the change took.
    gateway : str
        ``host:port`` of the way in; empty when there is none.
    about : tuple of str
        What else is to be known of it, such as the cluster and the version of Istio.
    """

    name: str
    pods: tuple[Pod, ...]
    change: str
    seconds: float = 0.0
    gateway: str = ""
    about: tuple[str, ...] = ()

    @property
    def table(self) -> Table:
        """The pods in rows; see `wasmnb.mesh.results.Pods`."""
        return Pods(self.pods).table

    def to_dict(self) -> dict[str, Any]:
        """Give plain JSON values."""
        return {
            "mesh": self.name,
            "pods": [pod.to_dict() for pod in self.pods],
            "change": self.change,
            "seconds": self.seconds,
            "gateway": self.gateway,
            "about": list(self.about),
            "at": self.at.isoformat(),
        }


@dataclass(frozen=True, eq=False)
class Settings(Mapping[str, Any], Tabled):
    """The defaults of a session by their keys, as they were; equal to a dict of the same.

    Parameters
    ----------
    chosen : mapping
    sources : mapping
        Where each comes from.
    mesh : str
        The mesh that the session has now, whatever it would start; empty where it has none.
    """

    chosen: Mapping[str, Any] = field(repr=False)  # it may hold secrets
    sources: Mapping[str, str] = field(default_factory=dict, repr=False)
    mesh: str = ""

    def __getitem__(self, key: str) -> Any:
        return self.chosen[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self.chosen)

    def __len__(self) -> int:
        return len(self.chosen)

    @property
    def table(self) -> Table:
        """The settings in rows: ``name``, ``value`` and ``source`` (``string``); what looks like a secret is masked."""
        rows = tuple(
            (name, None if value is None else redact.url(str(value)), self.sources.get(name))
            for name, value in redact.config(self.chosen).items()
        )
        return Table((Column("name"), Column("value"), Column("source")), rows)

    def to_dict(self) -> dict[str, Any]:
        """Give plain JSON values, secrets masked."""
        masked = redact.config(self.chosen)
        return {name: redact.url(value) if isinstance(value, str) else value for name, value in masked.items()}


@dataclass(frozen=True)
class Roles(Tabled):
    """Kubernetes roles as YAML to apply.

    Parameters
    ----------
    text : str
    """

    text: str

    def __str__(self) -> str:
        return self.text

    @property
    def table(self) -> Table:
        """The lines in rows: ``text`` (``string``)."""
        return Table((Column("text"),), tuple((line,) for line in self.text.splitlines()))

    def to_dict(self) -> dict[str, Any]:
        """Give plain JSON values."""
        return {"text": self.text}


@dataclass(frozen=True)
class Bookinfo(Dated, Tabled):
    """What became of bookinfo.

    Parameters
    ----------
    action : str
        ``apply`` or ``delete``.
    pods : tuple of Pod
        The mesh's pods afterwards.
    seconds : float
    notes : tuple of str
        What a reader should know of what was done.
    """

    action: str
    pods: tuple[Pod, ...]
    seconds: float
    notes: tuple[str, ...] = ()

    @property
    def table(self) -> Table:
        """The pods in rows; see `wasmnb.mesh.results.Pods`."""
        return Pods(self.pods).table

    def to_dict(self) -> dict[str, Any]:
        """Give plain JSON values."""
        return {
            "action": self.action,
            "pods": [pod.to_dict() for pod in self.pods],
            "seconds": self.seconds,
            "notes": list(self.notes),
            "at": self.at.isoformat(),
        }
