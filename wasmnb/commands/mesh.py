"""Commands for the mesh: start it, look at its pods, its plugins and its logs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from wasmnb.commands.command import Argument, Command, Option, method
from wasmnb.notebook import in_kernel
from wasmnb.options import options_of
from wasmnb.session.defaults import number
from wasmnb.session.options.mesh import MeshCall

if TYPE_CHECKING:
    from wasmnb.live.log_tail import LogTail
    from wasmnb.mesh.results import Logs, Pods
    from wasmnb.session import Session

__all__ = ["COMMANDS", "WATCH"]

WATCH = (
    Option(("--watch",), "keep it up to date until the view is closed; a headless run shows it once"),
    Option(
        ("--for",), "watch for this many seconds, then leave a record and go on", "SECONDS", float, keyword="seconds"
    ),
)
"""What can be said of a view that lives."""


def _pods(session: Session, *, watch: bool = False, seconds: float | None = None, rates: bool = True) -> Pods | None:
    if not watch and seconds is None:
        return session.pods(verdicts=True)
    from wasmnb.dashboards import watch_pods  # noqa: PLC0415 - for views only

    watch_pods(session, rates=rates, seconds=seconds)  # shows itself
    return None


def _logs(
    session: Session, pod: str, *, follow: bool = False, seconds: float | None = None, **lines: Any
) -> Logs | LogTail | None:
    if not follow and seconds is None:
        return session.logs(pod, **lines)
    if in_kernel():
        from wasmnb.dashboards import watch_logs  # noqa: PLC0415 - for views only

        watch_logs(session, pod, seconds=seconds, **lines)  # shows itself
        return None
    from wasmnb.live.log_tail import LogTail  # noqa: PLC0415 - for who follows a log

    tail = lines.pop("tail", 20)
    wait = None if seconds is None else number("--for", seconds)
    return LogTail(lambda most: session.logs(pod, tail=most, **lines), tail=tail, seconds=wait)


COMMANDS = (
    Command(
        "wasm_mesh",
        "Start a mesh, connect to one, show the current one, or disconnect; list or join those that run here.",
        method("mesh"),
        (
            Argument(
                "kind",
                "local, istio, stop, list or join; without it, the one that is chosen or configured",
                False,
                "meshes",
            ),
            Argument("name", "which mesh of this machine (default: local, local-2 ...)", False, "running"),
        ),
        options_of(MeshCall),
        (
            "%wasm_mesh local",
            "%wasm_mesh local --workload shop=127.0.0.1:8000,version=v2",
            "%wasm_mesh local --from pod/details-v1-5c9d7f6b4-x2x7q",
            "%wasm_mesh istio --context minikube -n default",
            "%wasm_mesh istio --agent",
            "%wasm_mesh list",
            "%wasm_mesh join local",
            "%wasm_mesh stop",
        ),
        slow=True,
    ),
    Command(
        "wasm_bookinfo",
        "Apply bookinfo, Istio's sample application, and wait until its pods are READY; or delete it.",
        method("bookinfo"),
        (Argument("action", "apply or delete", True, "apply|delete"),),
        (
            Option(
                ("--images",),
                "where its images come from instead of upstream's: PREFIX[:TAG]",
                "PREFIX",
                keyword="images",
            ),
            Option(("--timeout",), "seconds to wait for READY (default: 300)", "SECONDS", float),
        ),
        (
            "%wasm_bookinfo apply",
            "%wasm_bookinfo apply --images registry.example/mirror:1.20.3",
            "%wasm_bookinfo delete",
        ),
        slow=True,
    ),
    Command(
        "wasm_pods",
        "List the pods, whether they are ready, and what runs on each.",
        _pods,
        options=(
            *WATCH,
            Option(
                ("--no-rates",), "with --watch: do not read the proxies' request counts", keyword="rates", switch=False
            ),
        ),
        examples=("%wasm_pods", "%wasm_pods --watch", "%wasm_pods --watch --for 30"),
    ),
    Command(
        "wasm_status",
        "Show for each plugin and pod whether it is live.",
        method("status"),
        (Argument("id", "one plugin only", False, "plugins"),),
        (
            Option(
                ("--folder", "-f"),
                "the plugins of a folder for Git; shows where the cluster differs, which is exit code 1 in a shell",
                "FOLDER",
                values="folders",
            ),
        ),
        ("%wasm_status", "%wasm_status header-filter", "%wasm_status --folder deploy/"),
    ),
    Command(
        "wasm_logs",
        "Show what a pod's proxy logged.",
        _logs,
        (Argument("pod", "pod or workload", True, "pods"),),
        (
            Option(("--tail", "-n"), "how many lines, counted from the end (default: 20; followed, 200)", "LINES", int),
            Option(
                ("--level",),
                "only lines of this level or above",
                "LEVEL",
                values="trace|debug|info|warning|error|critical",
            ),
            Option(("--grep",), "only lines that contain this regular expression", "PATTERN"),
            Option(
                ("--follow", "-f"),
                "show lines as they come: in a notebook until the view is closed, in a terminal until Ctrl-C",
            ),
            Option(("--for",), "follow for this many seconds, then go on", "SECONDS", float, keyword="seconds"),
        ),
        (
            "%wasm_logs details-v1",
            "%wasm_logs details-v1 --tail 100",
            "%wasm_logs details-v1 --level warning",
            "%wasm_logs details-v1 --follow",
        ),
    ),
    Command(
        "wasm_properties",
        "List what a filter can read and call on a pod: properties, in which callbacks, and clusters.",
        method("properties"),
        (Argument("pod", "pod or workload", True, "pods"),),
        (Option(("--grep",), "only names that contain this text", "TEXT"),),
        ("%wasm_properties details-v1", "%wasm_properties details-v1 --grep outbound"),
    ),
    Command(
        "wasm_metrics",
        "Show the metrics that filters define, of each pod, with rates since they were shown before.",
        method("metrics"),
        (Argument("pod", "pod or workload (default: all of them)", False, "pods"),),
        (
            Option(
                ("--for",),
                "read twice, this many seconds apart, and show the rates between",
                "SECONDS",
                float,
                keyword="seconds",
            ),
        ),
        ("%wasm_metrics", "%wasm_metrics details-v1 --for 5"),
    ),
)
