"""Records of a mesh: its pods, what runs on them, and what deploying did."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from wasmnb import redact
from wasmnb.display.record import Block, Cell, Column, Record, Tone
from wasmnb.display.text import age, duration, short_digest
from wasmnb.mesh import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from wasmnb.mesh import Pod, PodVerdict
    from wasmnb.plugin import Plugin

__all__ = [
    "VERDICTS",
    "deploy_record",
    "digest_cell",
    "doubted_cell",
    "logs_record",
    "plugins_record",
    "pods_columns",
    "pods_record",
    "undeploy_record",
    "verdict_cell",
    "verdicts_record",
]

VERDICTS: dict[str, tuple[str, Tone]] = {
    "LIVE": ("✓", "good"),
    "OLD": ("↺", "warn"),
    "WARMING": ("…", "quiet"),
    "REJECTED": ("✗", "bad"),
    "DENY_ALL": ("✗", "bad"),
    "ALLOW_ALL": ("!", "warn"),
    "TRAPPED": ("✗", "bad"),
    "HUNG": ("✗", "bad"),
    "NOT_SELECTED": ("·", "quiet"),
    "NO_SIDECAR": ("·", "quiet"),
    "UNPROVEN": ("?", "warn"),
}
"""Sign and tone of each verdict."""
_LEVELS = {"[error]": "✗", "[critical]": "✗", "[warning]": "!", "[warn]": "!"}


def verdict_cell(verdict: str) -> Cell:
    """Show a verdict as sign and word."""
    sign, tone = VERDICTS[verdict]
    return Cell(verdict, sign=sign, tone=tone)


def doubted_cell(verdict: str) -> Cell:
    """Show a verdict that was the last one before nothing was heard any more."""
    return Cell(f"was {verdict}", sign="?", tone="warn")


def pods_record(pods: Sequence[Pod], verdicts: Iterable[PodVerdict] = (), *, now: datetime | None = None) -> Record:
    """Show pods as ``kubectl get po`` does, and what runs on each.

    The frame has ``pod``, ``workload``, ``ready``, ``status``, ``labels`` (``a=b,c=d``), ``plugins`` (``id=VERDICT``,
    comma between), ``address``, ``reason`` (all ``string``), ``restarts`` (``Int64``) and ``started``
    (``datetime64[us, UTC]``).

    Parameters
    ----------
    pods : sequence of Pod
    verdicts : iterable of PodVerdict
        What is known of plugins; those that do not select a pod are left out.
    now : datetime, optional
        What ``age`` is counted to; the present when left out.
    """
    running: dict[str, list[str]] = {}
    for verdict in verdicts:
        if verdict.verdict is not Verdict.NOT_SELECTED:
            running.setdefault(verdict.pod, []).append(f"{verdict.plugin}={verdict.verdict.value}")
    columns = (
        *pods_columns(now=now),
        Column("plugins", show=_plugins, shown=bool(running)),
        Column("reason", shown=any(pod.reason for pod in pods)),
        Column("workload", shown=False),
        Column("labels", shown=False),
        Column("address", shown=False),
    )
    rows = tuple(
        (
            *(pod.name, pod.ready, pod.status, pod.restarts, pod.started, ",".join(running.get(pod.name, ()))),
            *(pod.reason, pod.workload, _labels(pod.labels), pod.address),
        )
        for pod in pods
    )
    ready = sum(_all_ready(pod.ready) for pod in pods)
    status = f"{ready} of {len(pods)} ready" if pods else "there are none"
    return Record("Pods", status, "good" if pods and ready == len(pods) else "warn", columns, rows)


def pods_columns(*, now: datetime | None = None) -> tuple[Column, ...]:
    """Give the columns that ``kubectl get po`` has: ``pod``, ``ready``, ``status``, ``restarts`` and ``started``."""
    return (
        Column("pod", heading="name"),
        Column("ready", show=_ready),
        Column("status"),
        Column("restarts", "Int64"),
        Column("started", "datetime64[us, UTC]", "age", lambda since: _age(since, now)),
    )


def verdicts_record(verdicts: Iterable[PodVerdict], *, title: str = "Plugins on pods") -> Record:
    """Show what is true of each plugin on each pod.

    The frame has ``pod``, ``plugin``, ``verdict`` (``category`` of all verdicts), ``wanted``, ``running`` (digests),
    ``reason``, ``evidence`` (quoted lines, a line break between; all ``string``) and ``at`` (``datetime64[us, UTC]``).
    """
    verdicts = list(verdicts)
    judged = [verdict for verdict in verdicts if verdict.verdict is not Verdict.NOT_SELECTED]
    live = sum(verdict.verdict is Verdict.LIVE for verdict in judged)
    status = f"{live} of {len(judged)} live" if judged else "nothing is deployed"
    tone: Tone = "quiet" if not judged else "good" if live == len(judged) else "bad"
    return Record(title, status, tone, _verdict_columns(verdicts), _verdict_rows(verdicts), _evidence(judged))


def deploy_record(
    plugin: Plugin,
    verdicts: Sequence[PodVerdict],
    stages: Sequence[tuple[str, float]] = (),
    *,
    unchanged: bool = False,
    notes: Sequence[str] = (),
) -> Record:
    """Show where a plugin is live, and how long it took.

    The frame is that of `verdicts_record`, without the pods that are not selected.

    Parameters
    ----------
    plugin : Plugin
    verdicts : sequence of PodVerdict
    stages : sequence of (str, float)
        Seconds per stage, from the cell to live.
    unchanged : bool
        The very same was live already, and nothing was done.
    notes : sequence of str
        What is to be known of where the image came from.
    """
    judged = [verdict for verdict in verdicts if verdict.verdict is not Verdict.NOT_SELECTED]
    live = sum(verdict.verdict is Verdict.LIVE for verdict in judged)
    good = bool(judged) and live == len(judged)
    status = f"live on {_pods(live, len(judged))}"
    if unchanged:
        status += ", as before: nothing changed, nothing was done"
    elif stages:
        status += f" after {duration(sum(seconds for _, seconds in stages))}: {_stages(stages)}"
    return Record(
        plugin.id,
        status,
        "good" if good else "bad",
        _verdict_columns(judged),
        _verdict_rows(judged),
        _evidence(judged),
        tuple(notes),
    )


def undeploy_record(plugin: Plugin, pods: Sequence[str] = (), *, seconds: float | None = None) -> Record:
    """Show what was taken away; the frame is that of `plugins_record`.

    Parameters
    ----------
    plugin : Plugin
        What was in force.
    pods : sequence of str
        Names of the pods it was taken from.
    seconds : float, optional
        How long it took.
    """
    columns = (replace(_PLUGIN_COLUMNS[0], shown=False), *_PLUGIN_COLUMNS[1:])
    where = f" from {', '.join(pods)}" if pods else ""
    took = f" after {duration(seconds)}" if seconds is not None else ""
    return Record(plugin.id, f"removed{where}{took}", "good", columns, (_plugin_row(1, plugin),), tall=True)


def plugins_record(plugins: Sequence[Plugin]) -> Record:
    """Show what is in force, in the order requests meet it.

    The frame has ``order``, ``priority`` (``Int64``), ``plugin``, ``image``, ``digest``, ``selector`` (``a=b,c=d``),
    ``config`` (secrets masked), ``root_id``, ``phase`` and ``fail_policy`` (``string``).
    """
    rows = tuple(_plugin_row(number, plugin) for number, plugin in enumerate(plugins, 1))
    status = f"{len(rows)} in force" if rows else "nothing is deployed"
    columns = tuple(
        replace(column, shown=column.name != "root_id" or any(plugin.root_id for plugin in plugins))
        for column in _PLUGIN_COLUMNS
    )
    return Record("Plugins", status, "", columns, rows)


def logs_record(lines: Sequence[str], pod: str) -> Record:
    """Show what a pod's proxy logged, oldest first.

    The frame has ``number`` (``Int64``, from 1) and ``text`` (``string``).
    """
    marked = tuple(f"{_level(line)} {line}" for line in lines)
    status = f"{len(lines)} line{'' if len(lines) == 1 else 's'}" if lines else "nothing logged yet"
    columns = (Column("number", "Int64", shown=False), Column("text", shown=False))
    blocks = (Block("", marked),) if lines else ()
    return Record(f"Log of {pod}", status, "", columns, tuple(enumerate(lines, 1)), blocks)


def _pods(count: int, selected: int) -> str:
    if count == selected:
        return "the 1 pod selected" if selected == 1 else f"all {selected} pods selected"
    return f"{count} of {selected} pod{'' if selected == 1 else 's'} selected"


def _level(line: str) -> str:
    return next((sign for level, sign in _LEVELS.items() if level in line), " ")


def _age(since: datetime | None, now: datetime | None) -> Cell:
    return Cell("") if since is None else Cell(age(since, now), since.isoformat())


def _all_ready(ready: str) -> bool:
    done, _, wanted = ready.partition("/")
    return bool(wanted) and done == wanted


def _ready(ready: str) -> Cell:
    if not ready:
        return Cell("")
    good = _all_ready(ready)
    return Cell(ready, sign="✓" if good else "…", tone="good" if good else "warn")


def _plugins(text: str) -> Cell:
    return Cell(
        ", ".join(f"{verdict_cell(one.rpartition('=')[2])} {one.rpartition('=')[0]}" for one in text.split(",") if one)
    )


def _labels(labels: Mapping[str, str]) -> str:
    return ",".join(f"{key}={value}" for key, value in labels.items())


def digest_cell(digest: str) -> Cell:
    """Show enough of a digest to tell builds apart."""
    return Cell(short_digest(digest), digest)


def _verdict_columns(verdicts: Iterable[PodVerdict]) -> tuple[Column, ...]:
    verdicts = list(verdicts)
    return (
        Column("pod"),
        Column("plugin"),
        Column("verdict", show=verdict_cell, categories=tuple(VERDICTS)),
        Column("running", show=digest_cell, code=True, shown=any(verdict.running for verdict in verdicts)),
        Column("wanted", show=digest_cell, code=True, shown=any(v.running != v.wanted for v in verdicts if v.running)),
        Column("reason", shown=any(verdict.reason for verdict in verdicts)),
        Column("evidence", shown=False),
        Column("at", "datetime64[us, UTC]", shown=False),
    )


def _verdict_rows(verdicts: Iterable[PodVerdict]) -> tuple[tuple[Any, ...], ...]:
    return tuple(
        (
            *(one.pod, one.plugin, one.verdict.value, one.running, one.wanted, one.reason),
            *("\n".join(one.evidence), one.at),
        )
        for one in verdicts
    )


def _evidence(verdicts: Iterable[PodVerdict]) -> tuple[Block, ...]:
    """Quote the evidence for what is not live; for LIVE the frame has it."""
    return tuple(
        Block(f"evidence: {one.plugin} on {one.pod} is {one.verdict.value}", one.evidence)
        for one in verdicts
        if one.evidence and one.verdict is not Verdict.LIVE
    )


def _stages(stages: Sequence[tuple[str, float]]) -> str:
    """Give the stages in milliseconds without their unit when all of them are short, as in the total before them."""
    if sum(seconds for _, seconds in stages) < 1:
        return ", ".join(f"{name} {seconds * 1000:.0f}" for name, seconds in stages)
    return ", ".join(f"{name} {duration(seconds)}" for name, seconds in stages)


_PLUGIN_COLUMNS = (
    Column("order", "Int64"),
    Column("plugin"),
    Column("image", code=True),
    Column("digest", show=digest_cell, code=True),
    Column("selector"),
    Column("config", code=True),
    Column("root_id", heading="root id"),
    Column("phase"),
    Column("priority", "Int64"),
    Column("fail_policy", heading="fail policy"),
)


def _plugin_row(number: int, plugin: Plugin) -> tuple[Any, ...]:
    return (
        *(number, plugin.id, plugin.image.reference, plugin.image.digest, _labels(plugin.selector)),
        *(redact.config(plugin.config_text), plugin.root_id, plugin.phase.value, plugin.priority),
        plugin.fail_policy.value,
    )
