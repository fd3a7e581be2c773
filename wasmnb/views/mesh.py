"""Records of a mesh: its pods, what runs on them, and what deploying did."""

from __future__ import annotations

import re
import textwrap
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from wasmnb.display import Block, Cell, Record
from wasmnb.display.text import age, duration, several, short_digest
from wasmnb.error_pages import explain
from wasmnb.mesh import Handling, Verdict
from wasmnb.mesh.metrics import MetricKind
from wasmnb.mesh.properties import Sort
from wasmnb.mesh.results import Pods
from wasmnb.wording import Verb, Wording

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence
    from datetime import datetime

    from wasmnb.display import Column, Table, Tone
    from wasmnb.mesh import PodVerdict
    from wasmnb.mesh.results import Counts, Logs, Metrics, Properties, Verdicts
    from wasmnb.mesh.running import RunningMeshes
    from wasmnb.plugin.plugins import Plugins
    from wasmnb.rollout.deployment import Deployment, Removal
    from wasmnb.session.results import Bookinfo, MeshState

__all__ = [
    "VERDICTS",
    "bookinfo_record",
    "counts_record",
    "deploy_record",
    "digest_cell",
    "doubted_cell",
    "level_cell",
    "logs_record",
    "meanings",
    "mesh_record",
    "metrics_record",
    "plugin_pairs",
    "plugins_record",
    "pod_looks",
    "pods_record",
    "properties_record",
    "running_record",
    "time_cell",
    "undeploy_record",
    "verdict_cell",
    "verdict_meaning",
    "verdicts_record",
]

VERDICTS: dict[str, tuple[str, Tone]] = {
    "LIVE": ("✓", "good"),
    "LOADED": ("?", "warn"),
    "GONE": ("·", "quiet"),
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
_EXPECTED = {Verdict.LIVE.value, Verdict.GONE.value, Verdict.NOT_SELECTED.value}
_UNNAMED = re.compile(r"Proxy-Wasm plugin in-VM backtrace:|\s*\d+:\s+0x[0-9a-f]+ - ")  # Envoy 1.40, wasm_vm.cc
_TABLE, _ROOM = 72, 100  # columns of a cell of a table in plain text, and of a quoted line
_CONTAINERS = "containers of the pod that are ready, and how many it has"
_SEEN, _LONG = 0.005, 1.0  # seconds that are worth a word, and a reason
_LEVELS: dict[str, tuple[str, Tone]] = {
    "critical": ("✗", "bad"),
    "error": ("✗", "bad"),
    "warning": ("!", "warn"),
    "debug": ("", "quiet"),
    "trace": ("", "quiet"),
}


def verdict_cell(verdict: str) -> Cell:
    """Show a verdict as sign and word."""
    sign, tone = VERDICTS[verdict]
    return Cell(verdict, verdict_meaning(verdict), sign=sign, tone=tone)


def verdict_meaning(verdict: str) -> str:
    """Say what a verdict means, in one line."""
    return f"{verdict}: {explain(verdict).title}"


def meanings(verdicts: Iterable[str]) -> tuple[str, ...]:
    """Say in a note what each verdict means that asks something of the reader, and where to read what to do."""
    asking = (one for one in dict.fromkeys(verdicts) if one not in _EXPECTED)
    return tuple(
        str(
            Wording(
                "{}; {} says what to do",
                verdict_meaning(one),
                Verb("explain", (one,)),
                python=f"{verdict_meaning(one)}; wasmnb.explain({one!r}) says what to do",
            )
        )
        for one in asking
    )


def plugin_pairs(text: str) -> list[tuple[str, str]]:
    """Read a column of plugins: the id of each, with what is said of it."""
    return [(one.rpartition("=")[0], one.rpartition("=")[2]) for one in text.split(",") if one]


def doubted_cell(verdict: str) -> Cell:
    """Show a verdict that was the last one before nothing was heard any more."""
    return Cell(f"was {verdict}", sign="?", tone="warn")


def pods_record(pods: Pods) -> Record:
    """Show pods as ``kubectl get po`` does, and what runs on each."""
    table = pods.table
    columns = table.look(
        hidden=("workload", "labels", "address"),
        **pod_looks(pods.at),
        plugins={"show": _plugins, "shown": bool(pods.running)},
        reason={"shown": any(pod.reason for pod in pods)},
    )
    ready = sum(_all_ready(pod.ready) for pod in pods)
    status = f"{ready} of {len(pods)} ready" if pods else "there are none"
    return Record("Pods", status, "good" if pods and ready == len(pods) else "warn", columns, table.rows)


def mesh_record(state: MeshState) -> Record:
    """Show a mesh that was started, kept or let go of, with its pods."""
    record = pods_record(Pods(state.pods, at=state.at))
    status = {
        "started": f"ready after {duration(state.seconds)}, {record.status}",
        "joined": f"joined, {record.status}",
        "kept": f"runs already and was kept, {record.status}",
        "stopped": "disconnected" if state.about else "stopped; nothing of it runs",
    }[state.change]
    settled = status.replace(f" after {duration(state.seconds)}", "")
    gateway = (f"gateway: http://{state.gateway}, on the machine that the mesh runs on",) if state.gateway else ()
    tone = "quiet" if state.change == "stopped" else record.tone
    return replace(
        record,
        title=f"Mesh {state.name}",
        status=status,
        settled=settled,
        tone=tone,
        notes=state.about,
        passing=gateway,
    )


def running_record(meshes: RunningMeshes) -> Record:
    """Show the meshes that run on this machine."""
    columns = meshes.table.look(
        gateway={"code": True},
        folder={"code": True},
        started={"heading": "age", "show": lambda at: _age(at, meshes.at)},
    )
    status = f"{len(meshes)} run on this machine" if meshes else "none runs on this machine"
    return Record("Meshes", status, "good" if meshes else "quiet", columns, meshes.table.rows)


def bookinfo_record(done: Bookinfo) -> Record:
    """Show bookinfo after it was applied or deleted, with the mesh's pods."""
    record = replace(pods_record(Pods(done.pods, at=done.at)), title="Bookinfo", notes=done.notes)
    took = duration(done.seconds)
    if done.action == "apply":
        return replace(record, status=f"{record.status} after {took}")
    left = f"; {several(len(done.pods), 'pod is', 'pods are')} in the mesh" if done.pods else ""
    return replace(record, status=f"delete took {took}{left}", tone="quiet")


def pod_looks(now: datetime | None = None) -> dict[str, dict[str, Any]]:
    """Give how the columns look that ``kubectl get po`` has; ages are counted to ``now``, else to the present."""
    return {
        "pod": {"heading": "name"},
        "ready": {"show": _ready},
        "started": {"heading": "age", "show": lambda since: _age(since, now)},
    }


def verdicts_record(verdicts: Verdicts) -> Record:
    """Show what is true of each plugin on each pod."""
    judged = [one for one in verdicts if one.verdict is not Verdict.NOT_SELECTED]
    live = sum(one.verdict is Verdict.LIVE for one in judged)
    status = f"{live} of {len(judged)} live{_loaded(judged)}" if judged else "nothing is deployed"
    tone: Tone = _tone(judged) if judged else "quiet"
    table, notes = verdicts.table, meanings(one.verdict.value for one in judged)
    columns = _verdict_columns(table, verdicts)
    return Record("Plugins on pods", status, tone, columns, table.rows, _evidence(judged), notes)


def deploy_record(done: Deployment) -> Record:
    """Show where a plugin is live, and how long it took."""
    judged = done.judged
    live = sum(one.verdict is Verdict.LIVE for one in judged)
    status = f"live on {_pods(live, len(judged))}{_loaded(judged)}"
    if done.left:
        status += f", no longer on {', '.join(done.left)}"
    settled = status
    if done.unchanged:
        settled = status = f"{status}, as before: nothing changed, nothing was done"
    elif done.stages:
        status += f" after {duration(done.seconds)}{_parts(done.stages)}"
    return Record(
        done.plugin.id,
        status,
        _tone(judged),
        _verdict_columns(done.table, judged),
        done.table.rows,
        _evidence(judged),
        (*meanings(one.verdict.value for one in judged), *done.notes),
        settled=settled,
    )


def undeploy_record(done: Removal) -> Record:
    """Show what was taken away."""
    where = f" from {', '.join(done.pods)}" if done.pods else ""
    columns = done.table.look(hidden=("order",), **_PLUGIN_LOOKS)
    settled = f"removed{where}"
    status = f"{settled} after {duration(done.seconds)}"
    unproven = [one for one in done.verdicts if one.verdict is not Verdict.GONE]
    notes = tuple(f"{one.pod}: {one.reason}" for one in unproven)
    return Record(
        done.plugin.id,
        status,
        "warn" if unproven else "good",
        columns,
        done.table.rows,
        notes=notes,
        tall=True,
        settled=settled,
    )


def plugins_record(plugins: Plugins) -> Record:
    """Show what is in force, in the order requests meet it."""
    looks = {**_PLUGIN_LOOKS, "root_id": {"heading": "root id", "shown": any(one.root_id for one in plugins)}}
    status = f"{len(plugins)} in force" if plugins else "nothing is deployed"
    return Record("Plugins", status, "", plugins.table.look(**looks), plugins.table.rows)


def logs_record(logs: Logs) -> Record:
    """Show what a pod's proxy logged, oldest first: what it says as a table, as it was written behind a fold."""
    status = several(len(logs), "line") if logs else "nothing logged yet"
    columns = logs.table.look(
        hidden=("number", "text"),
        time={"show": time_cell, "heading": "time (UTC)"},
        level={"show": level_cell},
        plugin={"shown": any(one.plugin for one in logs.lines)},
        message={"code": True},
        cell_line={"heading": "cell line", "shown": any(one.cell_line for one in logs.lines)},
    )
    blocks = (Block("as the proxy wrote it", tuple(logs), open=False),) if logs else ()
    folded = _read_for_us([one.message for one in logs.lines])
    return Record(f"Log of {logs.pod}", status, "", columns, logs.table.rows, blocks, folded=folded)


def _read_for_us(messages: Sequence[str]) -> frozenset[int]:
    """Give the lines of a backtrace that have no names, where those behind them say the same with names."""
    found: set[int] = set()
    begun = 0
    for at, message in enumerate(messages):
        if message.startswith("wasmnb: "):
            found.update(range(begun, at))
        if not _UNNAMED.match(message):
            begun = at + 1
    return frozenset(found)


def metrics_record(metrics: Metrics) -> Record:
    """Show the metrics of filters, of each pod."""
    table = metrics.table
    numbers: dict[str, dict[str, Any]] = {name: {"show": _number} for name in ("value", "rate", "p50", "p99")}
    kinds = {one.metric.kind for one in metrics}
    numbers["rate"]["shown"] = any(one.rate is not None for one in metrics)
    for name in ("p50", "p99"):
        numbers[name]["shown"] = MetricKind.HISTOGRAM in kinds
    numbers["rate"]["heading"] = "per second"
    columns = table.look(metric={"code": True}, **numbers)
    count = len(table.rows)
    status = several(count, "metric") if count else "no filter has defined one"
    shared = sorted({one.metric.name for one in metrics if len(one.plugins) > 1})
    notes = [f"{', '.join(shared)}: several filters define the name, and share the number"] if shared else []
    notes += [f"{pod}: {why}" for pod, why in metrics.silent.items()]
    return Record("Metrics", status, "warn" if metrics.silent else "", columns, table.rows, notes=tuple(notes))


def counts_record(counts: Counts) -> Record:
    """Show how many requests each pod's proxy answered."""
    table = counts.table
    known = [one.requests for one in counts if one.requests is not None]
    status = f"{several(sum(known), 'request')} on {len(known)} of {several(len(counts), 'pod')}"
    columns = table.look(reason={"shown": len(known) < len(counts)})
    return Record("Counts", status, "" if len(known) == len(counts) else "warn", columns, table.rows)


def properties_record(found: Properties) -> Record:
    """Show what a filter can read and call on a pod."""
    table = found.table
    columns = table.look(
        name={"code": True},
        phases={"heading": "in"},
        value={"code": True},
        former={"heading": "in earlier Envoys", "code": True, "shown": any(one.former for one in found)},
    )
    clusters = sum(one.sort is Sort.CLUSTER for one in found)
    status = f"{several(len(found) - clusters, 'property', 'properties')}, {several(clusters, 'cluster')}"
    notes = (
        "a name is a path, with a point between its parts; by the name in earlier Envoys nothing is found",
        "a callout to a name that is not a cluster here gets BadArgument",
    )
    return Record(
        f"What a filter can read and call on {found[0].pod}" if found else "Properties",
        status,
        "",
        columns,
        table.rows,
        notes=notes if found else (),
    )


def _number(value: float | None) -> Cell:
    return Cell("") if value is None else Cell(f"{value:,.6g}", str(value))


def _tone(judged: Collection[PodVerdict]) -> Tone:
    """Say how well it is: what is loaded is no failure where that was enough, and never green."""
    there = {one.verdict for one in judged}
    if there == {Verdict.LIVE}:
        return "good"
    return "warn" if there and there <= {Verdict.LIVE, Verdict.LOADED} else "bad"


def _loaded(judged: Iterable[PodVerdict]) -> str:
    count = sum(one.verdict is Verdict.LOADED for one in judged)
    return f", loaded on {count}" if count else ""


def _pods(count: int, selected: int) -> str:
    if count == selected:
        return "1 pod" if selected == 1 else f"all {selected} pods"
    return f"{count} of {several(selected, 'pod')}"


def level_cell(level: str) -> Cell:
    """Show how grave a line of a log is."""
    sign, tone = _LEVELS.get(level, ("", ""))
    return Cell(level, sign=sign, tone=tone)


def time_cell(time: datetime | None) -> Cell:
    """Show when a line of a log was written."""
    return Cell("") if time is None else Cell(f"{time:%H:%M:%S.%f}"[:-3], time.isoformat())


def _age(since: datetime | None, now: datetime | None) -> Cell:
    return Cell("") if since is None else Cell(age(since, now), since.isoformat(), fleeting=True)


def _all_ready(ready: str) -> bool:
    done, _, wanted = ready.partition("/")
    return bool(wanted) and done == wanted


def _ready(ready: str) -> Cell:
    if not ready:
        return Cell("")
    good = _all_ready(ready)
    return Cell(ready, _CONTAINERS, sign="✓" if good else "…", tone="good" if good else "warn")


def _plugins(text: str) -> Cell:
    pairs = plugin_pairs(text)
    meant = "\n".join(dict.fromkeys(verdict_meaning(verdict) for _, verdict in pairs))
    return Cell(", ".join(f"{verdict_cell(verdict)} {id_}" for id_, verdict in pairs), meant)


def handling_cell(requests: str) -> Cell:
    """Show what happens to requests."""
    return Cell(Handling(requests).words)


def digest_cell(digest: str) -> Cell:
    """Show enough of a digest to tell builds apart."""
    return Cell(short_digest(digest), digest)


def _verdict_columns(table: Table, verdicts: Iterable[PodVerdict]) -> tuple[Column, ...]:
    verdicts = list(verdicts)
    digest = {"show": digest_cell, "code": True}
    return table.look(
        hidden=("cause", "proof", "evidence", "at"),
        verdict={"show": verdict_cell},
        requests={"show": handling_cell, "shown": any(one.observed.words or one.hanging for one in verdicts)},
        running={**digest, "shown": any(one.running for one in verdicts)},
        wanted={**digest, "shown": any(one.running != one.wanted for one in verdicts if one.running)},
        reason={"shown": any(one.reason for one in verdicts)},
    )


def _evidence(verdicts: Iterable[PodVerdict]) -> tuple[Block, ...]:
    """Quote the evidence for what is not live, behind a reason that its table cuts; for LIVE the frame has it."""
    told = [(one, _whole(one.reason) + one.evidence) for one in verdicts if one.verdict is not Verdict.LIVE]
    return tuple(
        Block(f"evidence: {one.plugin} on {one.pod} is {one.verdict.value}", lines, wraps=True)
        for one, lines in told
        if lines
    )


def _whole(reason: str) -> tuple[str, ...]:
    return tuple(textwrap.wrap(reason, _ROOM)) if len(reason) > _TABLE else ()


def _parts(stages: Sequence[tuple[str, float]]) -> str:
    """Say how much of the time the build took, and how much the mesh; `Deployment.stages` has all of them."""
    build = sum(seconds for name, seconds in stages if name != "swap")
    deploy = sum(seconds for name, seconds in stages if name == "swap")
    if min(build, deploy) < _SEEN:
        return ""
    prepare = sum(seconds for name, seconds in stages if name == "prepare")
    # A first cell is slow for a reason that the next one does not have.
    once = f" with {duration(prepare)} to prepare the compiler, once" if prepare >= _LONG else ""
    return f" (build {duration(build)}{once}{';' if once else ','} deploy {duration(deploy)})"


_PLUGIN_LOOKS: dict[str, dict[str, Any]] = {
    "image": {"code": True},
    "digest": {"show": digest_cell, "code": True},
    "config": {"code": True},
    "root_id": {"heading": "root id"},
    "fail_policy": {"heading": "fail policy"},
}
