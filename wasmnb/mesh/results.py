"""What a mesh tells, as results: its pods, the verdicts about plugins on them, and what a proxy logged."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from wasmnb.display import Column, Table
from wasmnb.display.result import Dated, Plural
from wasmnb.mesh.log_lines import LogLine, read
from wasmnb.mesh.metrics import Metric, MetricKind
from wasmnb.mesh.properties import Readable
from wasmnb.mesh.protocol import Count, Pod
from wasmnb.plugin.selector import labels_text
from wasmnb.plugin.verdict import PodVerdict, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["Counts", "Logs", "Metrics", "Pods", "Properties", "Reading", "Verdicts", "verdicts_table"]


@dataclass(frozen=True)
class Pods(Dated, Plural[Pod]):
    """Pods as they were when they were looked at.

    Parameters
    ----------
    items : tuple of Pod
    verdicts : tuple of PodVerdict
        What is known of plugins on them, where that was asked too.
    """

    verdicts: tuple[PodVerdict, ...] = ()

    @property
    def running(self) -> dict[str, str]:
        """What runs on each pod that a plugin is for: ``id=VERDICT``, comma between."""
        found: dict[str, list[str]] = {}
        for one in self.verdicts:
            if one.verdict is not Verdict.NOT_SELECTED:
                found.setdefault(one.pod, []).append(f"{one.plugin}={one.verdict.value}")
        return {pod: ",".join(words) for pod, words in found.items()}

    @property
    def table(self) -> Table:
        """The pods in rows.

        The columns are ``pod``, ``ready``, ``status`` (``string``), ``restarts`` (``Int64``), ``started``
        (``datetime64[us, UTC]``), ``plugins`` (``id=VERDICT``, comma between), ``reason``, ``workload``, ``labels``
        (``a=b,c=d``) and ``address`` (``string``).
        """
        running = self.running
        columns = (
            *POD_COLUMNS,
            Column("plugins"),
            Column("reason"),
            Column("workload"),
            Column("labels"),
            Column("address"),
        )
        rows = tuple(
            (
                *(pod.name, pod.ready, pod.status, pod.restarts, pod.started, running.get(pod.name, "")),
                *(pod.reason, pod.workload, labels_text(pod.labels), pod.address),
            )
            for pod in self.items
        )
        return Table(columns, rows)

    def to_dict(self) -> dict[str, Any]:
        """Give plain JSON values."""
        return {
            "pods": [pod.to_dict() for pod in self.items],
            "verdicts": [verdict.to_dict() for verdict in self.verdicts],
            "at": self.at.isoformat(),
        }


@dataclass(frozen=True)
class Verdicts(Dated, Plural[PodVerdict]):
    """What is true of each plugin on each pod."""

    @property
    def table(self) -> Table:
        """See `verdicts_table`."""
        return verdicts_table(self.items)

    def to_dict(self) -> dict[str, Any]:
        """Give plain JSON values."""
        return {"verdicts": [verdict.to_dict() for verdict in self.items], "at": self.at.isoformat()}


@dataclass(frozen=True)
class Logs(Dated, Plural[str]):
    """What a pod's proxy logged, oldest first.

    Parameters
    ----------
    items : tuple of str
        Lines.
    pod : str
        Pod or workload, as it was asked for.
    """

    pod: str = ""

    @property
    def lines(self) -> tuple[LogLine, ...]:
        """What each line says."""
        return tuple(map(read, self.items))

    @property
    def table(self) -> Table:
        """The lines in rows.

        The columns are ``number`` (``Int64``, from 1), ``time`` (``datetime64[us, UTC]``), ``level``, ``plugin``
        (``string``), ``cell_line`` (``Int64``, missing where it is not known), ``message`` and ``text`` (``string``).
        """
        rows = tuple(
            (number, one.time, one.level, one.plugin, one.cell_line or None, one.message, one.text)
            for number, one in enumerate(self.lines, 1)
        )
        return Table(_LOG_COLUMNS, rows)

    def to_dict(self) -> dict[str, Any]:
        """Give plain JSON values."""
        return {"pod": self.pod, "lines": list(self.items), "at": self.at.isoformat()}


_LOG_COLUMNS = (
    Column("number", "Int64"),
    Column("time", "datetime64[us, UTC]"),
    Column("level"),
    Column("plugin"),
    Column("cell_line", "Int64"),
    Column("message"),
    Column("text"),
)

POD_COLUMNS = (
    Column("pod"),
    Column("ready"),
    Column("status"),
    Column("restarts", "Int64"),
    Column("started", "datetime64[us, UTC]"),
)
"""The columns that ``kubectl get po`` has."""

_VERDICT_COLUMNS = (
    Column("pod"),
    Column("plugin"),
    Column("verdict", categories=tuple(one.value for one in Verdict)),
    Column("cause"),
    Column("proof"),
    Column("requests"),
    Column("running"),
    Column("wanted"),
    Column("reason"),
    Column("evidence"),
    Column("at", "datetime64[us, UTC]"),
)


def verdicts_table(verdicts: Iterable[PodVerdict]) -> Table:
    """Give verdicts in rows.

    The columns are ``pod``, ``plugin`` (``string``), ``verdict`` (``category`` of all verdicts), ``cause``,
    ``proof``, ``requests`` (what happens to them there), ``running``, ``wanted`` (digests), ``reason``, ``evidence``
    (quoted lines, a line break between; all ``string``) and ``at`` (``datetime64[us, UTC]``).
    """
    rows = tuple(
        (
            *(
                one.pod,
                one.plugin,
                one.verdict.value,
                one.cause.value,
                one.proof.value,
                one.requests.value,
                one.running,
                one.wanted,
                one.reason,
            ),
            *("\n".join(one.evidence), one.at),
        )
        for one in verdicts
    )
    return Table(_VERDICT_COLUMNS, rows)


@dataclass(frozen=True)
class Counts(Dated, Plural[Count]):
    """How many requests the proxy of each pod has answered since it started."""

    @property
    def table(self) -> Table:
        """The counts in rows: ``pod`` (``string``), ``requests``, ``errors`` (``Int64``) and ``reason``."""
        columns = (Column("pod"), Column("requests", "Int64"), Column("errors", "Int64"), Column("reason"))
        return Table(columns, tuple((one.pod, one.requests, one.errors, one.reason) for one in self.items))

    def to_dict(self) -> dict[str, Any]:
        """Give plain JSON values."""
        return {"counts": [one.to_dict() for one in self.items], "at": self.at.isoformat()}


@dataclass(frozen=True)
class Reading:
    """A metric as it was read.

    Parameters
    ----------
    metric : Metric
    plugins : tuple of str
        Those in force on the pod whose module names it. Envoy does not say whose a metric is: of several, any may
        count.
    rate : float or None
        Of a counter, per second since it was read before; None the first time, and after the proxy started anew.
    """

    metric: Metric
    plugins: tuple[str, ...] = ()
    rate: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """Give plain JSON values."""
        return {**self.metric.to_dict(), "plugins": list(self.plugins), "rate": self.rate}


@dataclass(frozen=True)
class Properties(Dated, Plural[Readable]):
    """What a filter can read and call on a pod."""

    @property
    def table(self) -> Table:
        """Properties and clusters in rows.

        The columns are ``sort`` (``property`` or ``cluster``), ``name``, ``phases`` (when it can be read),
        ``value`` (where it is the same for each request) and ``former`` (its name in earlier Envoys).
        """
        columns = tuple(Column(name) for name in ("sort", "name", "phases", "value", "former"))
        rows = tuple((one.sort.value, one.name, one.when, one.value, ".".join(one.former)) for one in self.items)
        return Table(columns, rows)

    def to_dict(self) -> dict[str, Any]:
        """Give plain JSON values."""
        return {"properties": [one.to_dict() for one in self.items], "at": self.at.isoformat()}


@dataclass(frozen=True)
class Metrics(Dated, Plural[Reading]):
    """The metrics that filters define, of each pod."""

    @property
    def silent(self) -> dict[str, str]:
        """The pods whose proxies cannot tell, and why."""
        return {one.metric.pod: one.metric.reason for one in self.items if one.metric.kind is MetricKind.NONE}

    @property
    def table(self) -> Table:
        """The metrics in rows.

        The columns are ``pod``, ``plugins`` (comma between; several share the name), ``metric``, ``kind``
        (``counter``, ``gauge``, ``histogram``), ``value``, ``rate`` (per second), ``p50`` and ``p99`` (``Float64``).
        """
        numbers = [Column(name, "Float64") for name in ("value", "rate", "p50", "p99")]
        columns = (Column("pod"), Column("plugins"), Column("metric"), Column("kind"), *numbers)
        rows = tuple(
            (
                *(one.metric.pod, ", ".join(one.plugins), one.metric.name, one.metric.kind.value),
                *(one.metric.value, one.rate, one.metric.p50, one.metric.p99),
            )
            for one in self.items
            if one.metric.kind is not MetricKind.NONE
        )
        return Table(columns, rows)

    def since(self, before: Metrics) -> Metrics:
        """Give the same with the rates of counters since an earlier look."""
        old = {(one.metric.pod, one.metric.name): one.metric for one in before}
        return replace(self, items=tuple(replace(one, rate=_rate(one.metric, old)) for one in self.items))

    def to_dict(self) -> dict[str, Any]:
        """Give plain JSON values."""
        return {"metrics": [one.to_dict() for one in self.items], "at": self.at.isoformat()}


def _rate(metric: Metric, old: Mapping[tuple[str, str], Metric]) -> float | None:
    was = old.get((metric.pod, metric.name))
    if was is None or metric.kind is not MetricKind.COUNTER or was.value is None or metric.value is None:
        return None
    seconds = (metric.at - was.at).total_seconds()
    # A counter that went down belongs to a proxy that was started anew.
    return (metric.value - was.value) / seconds if seconds > 0 and metric.value >= was.value else None
