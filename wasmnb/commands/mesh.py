"""Magics for the mesh: start it, look at its pods, its plugins and its logs."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from wasmnb.commands.command import Argument, Command, Option, method

if TYPE_CHECKING:
    from wasmnb.session import MeshState
    from wasmnb.session.bookinfo import Bookinfo
    from wasmnb.views import Record

__all__ = ["COMMANDS", "WATCH"]

WATCH = (
    Option(("--watch",), "keep it up to date, here, until nobody looks; in a headless run it is a record at once"),
    Option(("--for",), "watch for so long, then leave a record and go on", "SECONDS", float, keyword="seconds"),
)
"""What can be said of a view that lives."""


_LEVELS = "trace|debug|info|warning|error|critical|off"


def _mesh(state: MeshState) -> Record:
    from wasmnb.display.text import duration  # noqa: PLC0415
    from wasmnb.views import pods_record  # noqa: PLC0415

    record = pods_record(state.pods)
    status = {
        "started": f"ready after {duration(state.seconds)}, {record.status}",
        "kept": f"runs already and was kept, {record.status}",
        "stopped": "let go of" if state.about else "stopped; nothing of it runs",
    }[state.change]
    notes = (*((f"gateway: http://{state.gateway}",) if state.gateway else ()), *state.about)
    tone = "quiet" if state.change == "stopped" else record.tone
    return replace(record, title=f"Mesh {state.name}", status=status, tone=tone, notes=notes)


def _bookinfo(done: Bookinfo) -> Record:
    from wasmnb.display.text import duration  # noqa: PLC0415
    from wasmnb.views import pods_record  # noqa: PLC0415

    record = pods_record(done.pods)
    took = duration(done.seconds)
    if done.action == "apply":
        return replace(record, title="Bookinfo", status=f"{record.status} after {took}", notes=done.notes)
    left = f"; {len(done.pods)} pods are in the mesh" if done.pods else ""
    return replace(record, title="Bookinfo", status=f"delete took {took}{left}", tone="quiet", notes=done.notes)


def _pods(session: Any, *, watch: bool = False, seconds: float | None = None, rates: bool = True) -> Any:
    if watch or seconds is not None:
        return session.dashboard(rates=rates, seconds=seconds)
    return session.pods(), session.status()


def _show_pods(found: Any) -> Record | None:
    from wasmnb.views import pods_record  # noqa: PLC0415

    # A live view shows itself.
    return pods_record(*found) if isinstance(found, tuple) else None


def _status(verdicts: Any) -> Record:
    from wasmnb.views import verdicts_record  # noqa: PLC0415

    return verdicts_record(verdicts)


def _logs(session: Any, pod: str, **keywords: Any) -> tuple[list[str], str]:
    return session.logs(pod, **keywords), pod


def _show_logs(found: tuple[list[str], str]) -> Record:
    from wasmnb.views import logs_record  # noqa: PLC0415

    return logs_record(*found)


COMMANDS = (
    Command(
        "wasm_mesh",
        "Start a mesh or connect to one, show the one that is chosen, or let go of it.",
        method("mesh"),
        _mesh,
        (
            Argument(
                "kind",
                "local, istio or stop; without it, the one that is chosen or configured",
                False,
                "local|istio|stop",
            ),
        ),
        (
            Option(
                ("--workload", "-w"),
                "put a sidecar before your own HTTP service: NAME=HOST:PORT,label=value",
                "SERVICE",
                repeat=True,
                keyword="workloads",
            ),
            Option(("--no-bookinfo",), "start without the six bookinfo pods", keyword="bookinfo", switch=False),
            Option(("--gateway-port",), "loopback port of the way in; a free one", "PORT", int),
            Option(
                ("--log-level",), "from which level on proxies keep what filters log; info", "LEVEL", values=_LEVELS
            ),
            Option(
                ("--context",),
                "istio: context of the kubeconfig, or in-cluster; the current one",
                "CONTEXT",
                values="contexts",
            ),
            Option(
                ("--namespace", "-n"),
                "istio: namespace of the pods; the one that the context names",
                "NAMESPACE",
                values="namespaces",
            ),
            Option(("--istio-namespace",), "istio: where istiod runs; istio-system", "NAMESPACE"),
            Option(
                ("--as",),
                "istio: the kind of object that plugins become; the newest that fits",
                "KIND",
                values="TrafficExtension|WasmPlugin|EnvoyFilter",
                keyword="as_",
            ),
            Option(
                ("--no-preflight",),
                "istio: apply modules that the embedded Envoy has not tried",
                keyword="preflight",
                switch=False,
            ),
        ),
        (
            "%wasm_mesh local",
            "%wasm_mesh local --workload shop=127.0.0.1:8000,version=v2",
            "%wasm_mesh istio --context minikube -n default",
            "%wasm_mesh stop",
        ),
        slow=True,
    ),
    Command(
        "wasm_bookinfo",
        "Apply the article's application and wait until its pods are READY, or delete what applying it made.",
        method("bookinfo"),
        _bookinfo,
        (Argument("action", "apply or delete", True, "apply|delete"),),
        (
            Option(
                ("--images",),
                "where its images come from instead of upstream's: PREFIX[:TAG]",
                "PREFIX",
                keyword="images",
            ),
            Option(("--timeout",), "seconds to wait for READY; 300", "SECONDS", float),
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
        _show_pods,
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
        "Say for each plugin and pod whether it is live.",
        method("status"),
        _status,
        (Argument("id", "one plugin only", False, "plugins"),),
        examples=("%wasm_status", "%wasm_status header-filter"),
    ),
    Command(
        "wasm_logs",
        "Show what a pod's proxy logged.",
        _logs,
        _show_logs,
        (Argument("pod", "pod or workload", True, "pods"),),
        (Option(("--tail", "-n"), "how many lines, counted from the end; 20", "LINES", int),),
        ("%wasm_logs details-v1", "%wasm_logs details-v1 --tail 100"),
    ),
)
