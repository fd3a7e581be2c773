"""``make bench``: measure what the project promises, print a table, write build/bench.json.

Every figure is taken several times; ratios come from the same run, in turn. Load is one client, bounded in count.
``make bench ONLY=rust`` measures one language or one part, and leaves build/bench.json alone; ``RUNS=3`` is a quick
look.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from ahead import ahead
from article_filter import CONFIG, LANGUAGES, RAW, live, source
from cluster import istio
from dashboards import dashboards
from jupyter_client.manager import start_new_kernel
from languages import languages
from latency import costs
from measure import Figures, runs, seconds
from plain import ZIG, PlainWay
from program import program
from registry import registry
from tests_of_filters import tests
from truth import truth
from workbench import workbench

import wasmnb
from wasmnb.mesh import MeshLoadingAhead
from wasmnb.session import Session
from wasmnb.traffic import Request
from wasmnb.traffic.http_client import roundtrip

ROOT = Path(__file__).parent.parent
RAW_FLAGS = ["-target", "wasm32-freestanding", "-Os", "-nostdlib", "-Wl,--no-entry", "-Wl,--import-symbols"]


def edit_to_live(figures: Figures, session: Session, mesh: wasmnb.Mesh) -> None:
    """Measure a changed cell against the plain way, in turn; then a cell that did not change."""
    stamp = f"{time.time_ns():x}"
    plain = PlainWay(CONFIG)
    try:
        plain.edit_to_live(source(f"{stamp}-warm"), f"{stamp}-warm")
        for run in range(-2, runs(15)):
            edit = f"{stamp}-{run}"
            text = source(edit)

            def cell(text: str = text, edit: str = edit) -> None:
                session.filter("header-filter", text, deploy="app=details", config=CONFIG)
                live(mesh, "x-edit", edit)

            ours = seconds(cell)
            if run < 0:
                continue
            figures.add("edit_to_live_ms", ours * 1e3, "ms", "<= 120, then < 100")
            if run < 7:
                theirs = plain.edit_to_live(text, edit)
                figures.add("plain_edit_to_live_ms", theirs * 1e3, "ms")
                figures.add("edit_to_live_vs_plain", theirs / ours, "x", ">= 12")
    finally:
        plain.stop()
    for _ in range(runs(15)):
        again = seconds(lambda: session.filter("header-filter", text, deploy="app=details", config=CONFIG))
        figures.add("unchanged_cell_ms", again * 1e3, "ms", "<= 10")


def config_to_live(figures: Figures, session: Session, mesh: wasmnb.Mesh) -> None:
    """Measure a cell of which only the configuration changed: nothing is compiled, and the module stays the same."""
    text = source("config")
    first = session.filter("header-filter", text, deploy="app=details", config=CONFIG)
    for run in range(-2, runs(15)):
        value = f"{time.time_ns():x}"

        def cell(value: str = value) -> None:
            config = {"name": "hello", "value": value}
            done = session.filter("header-filter", text, deploy="app=details", config=config)
            if "build" in dict(done.stages) or done.image_digest != first.image_digest:
                sys.exit("a cell of which only the configuration changed was compiled")
            live(mesh, "hello", value)

        took = seconds(cell)
        if run >= 0:
            figures.add("config_to_live_ms", took * 1e3, "ms", "<= 25")


def swap(figures: Figures, mesh: wasmnb.Mesh) -> None:
    """Measure a module that is ready until it is live: canary, sidecar and proof."""
    for run in range(runs(15)):
        edit = f"swap-{time.time_ns():x}-{run}"
        module = wasmnb.Filter("header-filter", source(edit)).build()
        figures.add("module_bytes", module.size, "bytes", "<= 30000")
        for stage, took in module.build.stages if module.build else ():
            figures.add(f"build_{stage}_ms", took * 1e3, "ms")
        plugin = wasmnb.Plugin("header-filter", wasmnb.package(module), {"app": "details"}, CONFIG)

        def go(plugin: wasmnb.Plugin = plugin, edit: str = edit) -> None:
            mesh.apply(plugin)
            live(mesh, "x-edit", edit)

        figures.add("swap_ms", seconds(go) * 1e3, "ms", "<= 20")
    preloaded_swap(figures, mesh)


def preloaded_swap(figures: Figures, mesh: wasmnb.Mesh) -> None:
    """Measure the same with a module that was loaded ahead: by the canary, and by pods where there is room."""
    if not isinstance(mesh, MeshLoadingAhead):
        return
    for run in range(runs(15)):
        edit = f"ahead-{time.time_ns():x}-{run}"
        module = wasmnb.Filter("header-filter", source(edit)).build()
        mesh.preload(module)
        plugin = wasmnb.Plugin("header-filter", wasmnb.package(module), {"app": "details"}, CONFIG)

        def go(plugin: wasmnb.Plugin = plugin, edit: str = edit) -> None:
            mesh.apply(plugin)
            live(mesh, "x-edit", edit)

        figures.add("preloaded_swap_ms", seconds(go) * 1e3, "ms", "<= 20")


def cost(figures: Figures, mesh: wasmnb.Mesh) -> None:
    """Measure what the filter adds to a request's median latency, beside the raw ABI, blocks in turn."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder, "raw.wasm")
        subprocess.run(
            [ZIG, "cc", *RAW_FLAGS, str(RAW), "-o", str(out)],
            check=True,
            timeout=120,
        )
        raw = wasmnb.Module.load(out, name="raw")
    figures.add("raw_module_bytes", raw.size, "bytes")
    sdk = wasmnb.Filter("header-filter", source("cost")).build()
    costs(figures, mesh, {"filter_cost_us": sdk, "raw_filter_cost_us": raw}, runs(7))


def mesh_up(figures: Figures) -> None:
    """Measure the start of the mesh to six pods 2/2 and the first answer through the gateway, and its memory."""
    for run in range(1 + runs(5)):
        start = time.perf_counter()
        with wasmnb.LocalMesh.start() as mesh:
            while any(pod.ready != "2/2" for pod in mesh.pods()):
                pass
            host, port = mesh.gateway.split(":")
            while roundtrip((host, int(port)), Request("GET", "bookinfo", "/productpage"), timeout=5).status != 200:
                pass
            took = time.perf_counter() - start
            if run:
                figures.add("mesh_up_s", took, "s", "<= 1.2")
            time.sleep(1)
            figures.add("mesh_rss_mib", memory(os.getpid()) / 2**20, "MiB", "<= 300")


def memory(parent: int) -> int:
    """Sum the proportional set size of a process's descendants, without the process itself, in bytes."""
    total = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            pid, ppid = int(stat.parent.name), int(stat.read_text().rsplit(")", 1)[1].split()[1])
            if ppid != parent:
                continue
            rollup = (stat.parent / "smaps_rollup").read_text()
        except OSError:
            continue
        total += 1024 * int(rollup.split("\nPss:", 1)[1].split()[0]) + memory(pid)
    return total


def load_ext(figures: Figures) -> None:
    """Measure ``%load_ext wasmnb`` in a fresh kernel."""
    code = (
        "import time as _t; _s = _t.perf_counter(); get_ipython().run_line_magic('load_ext', 'wasmnb');"
        "print((_t.perf_counter() - _s) * 1e3)"
    )
    for _ in range(runs(7)):
        manager, client = start_new_kernel(extra_arguments=["--log-level=ERROR"])
        try:
            printed: list[str] = []
            client.execute_interactive(
                code, timeout=60, output_hook=lambda m, p=printed: p.append(m["content"].get("text", ""))
            )
            figures.add("load_ext_ms", float("".join(printed)), "ms", "<= 60")
        finally:
            client.stop_channels()
            manager.shutdown_kernel(now=True)


def article(figures: Figures) -> None:
    """Measure what happens to the article's filter on a mesh."""
    with Session() as session:
        session.mesh("local")
        mesh = session.current
        time.sleep(1)
        before = memory(os.getpid())
        edit_to_live(figures, session, mesh)
        config_to_live(figures, session, mesh)
        swap(figures, mesh)
        time.sleep(1)
        figures.add("warm_rss_mib", (memory(os.getpid()) - before) / 2**20, "MiB", "<= 100")
        session.undeploy("header-filter")
        cost(figures, mesh)


#: The parts, by the names that the command takes; a language's own name measures that one.
PARTS: dict[str, Callable[[Figures], None]] = {
    "load_ext": load_ext,
    "cli": program,
    "mesh_up": mesh_up,
    "article": article,
    "ahead": ahead,
    "workbench": workbench,
    "languages": languages,
    "registry": registry,
    "dashboards": dashboards,
    "istio": istio,
    "tests": tests,
    "truth": truth,
}


def main(only: Sequence[str]) -> int:
    """Run every benchmark, or the parts and languages that are named."""
    unknown = set(only) - {*PARTS, *LANGUAGES}
    if unknown:
        sys.exit(f"there is no {', '.join(sorted(unknown))}; there is {', '.join([*PARTS, *LANGUAGES])}")
    figures = Figures()
    for name, part in PARTS.items():
        if not only or name in only:
            part(figures)
    named = [name for name in LANGUAGES if name in only]
    if named and "languages" not in only:
        languages(figures, named)
    print(figures.table())
    if not only:
        figures.write(ROOT / "build" / "bench.json")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
