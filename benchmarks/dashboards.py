"""The pods' dashboard at size: first paint, kernel CPU, from a change to the screen, memory over time.

A simulated mesh of 5,000 pods and 50 changes a second, in a real kernel, shown by a real browser in a real JupyterLab.
Seconds of steady load: ``WASMNB_BENCH_DASHBOARD_S`` (600; a short look needs 20).
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import nbformat
import psutil
from measure import Figures

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

PODS, CHANGES = 5000, 50
START = f"""
import random, threading, time
from tests.dashboards.simulated import SimulatedMesh
from wasmnb.session import default
mesh = SimulatedMesh({PODS})
default().use(mesh)
%load_ext wasmnb
stop = threading.Event()
def load():
    names = list(mesh.there)
    while not stop.wait({1 / CHANGES}):
        mesh.change(random.choice(names), restarts=random.randrange(100))
"""


def dashboards(figures: Figures) -> None:
    """Measure a dashboard in a browser; nothing is measured where there is none."""
    from tests.lab.conftest import CHROMIUM, QUIET_BROWSER, Notebook, serving  # noqa: PLC0415

    if CHROMIUM is None:
        print("dashboards: not measured, there is no Chromium")
        return
    from playwright.sync_api import sync_playwright  # noqa: PLC0415

    with tempfile.TemporaryDirectory() as folder, sync_playwright() as driver:
        path = Path(folder, "bench.ipynb")
        cells = [nbformat.v4.new_code_cell(code) for code in (START, "%wasm_pods --watch --no-rates")]
        nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": _KERNEL}), path)
        with serving(Path(folder)) as (address, token):
            browser = driver.chromium.launch(executable_path=CHROMIUM, args=QUIET_BROWSER)
            page = browser.new_page(viewport={"width": 1200, "height": 900})
            opened = Notebook(page, path, f"{address}/lab/tree/bench.ipynb?token={token}").again()
            opened.command("notebook:run-cell-and-select-next")
            page.wait_for_selector("text=Python 3 (ipykernel) | Idle", timeout=60_000)
            page.wait_for_timeout(1000)
            _first_paint(figures, opened)
            _to_screen(figures, opened)
            _steady(figures, opened)
            opened.kernel("stop.set()\n%wasm_mesh stop")
            browser.close()


_KERNEL = {"name": "python3", "display_name": "Python 3 (ipykernel)"}
_ALL_THERE = (
    f"document.querySelector('.wasmnb-live [role=grid]')?.getAttribute('aria-rowcount') === '{PODS * 6 // 5 + 1}'"
)


def _first_paint(figures: Figures, opened: Any) -> None:
    """From the cell that is run to a table that has all pods."""
    for _ in range(3):
        start = time.perf_counter()
        opened.command("notebook:run-cell")
        opened.page.wait_for_function(_ALL_THERE, timeout=120_000, polling=20)
        figures.add("dashboard_first_paint_s", time.perf_counter() - start, "s", "<= 2")
        opened.command("notebook:clear-cell-output")
        opened.page.wait_for_timeout(1000)
    opened.command("notebook:run-cell")
    opened.page.wait_for_function(_ALL_THERE, timeout=120_000)


def _to_screen(figures: Figures, opened: Any) -> None:
    """From a change of a pod, stamped with the clock of this machine, to the row in the DOM."""
    opened.page.evaluate(
        """() => {
             window.seen = [];
             new MutationObserver(() => {
               for (const cell of document.querySelectorAll('.wasmnb-live [role=gridcell]')) {
                 const found = /^at-(\\d+)$/.exec(cell.textContent);
                 if (found && !window.seen.some(one => one[0] === found[1])) window.seen.push([found[1], Date.now()]);
               }
             }).observe(document.querySelector('.wasmnb-live'), {childList: true, subtree: true, characterData: true});
           }"""
    )
    for _ in range(15):
        opened.kernel("mesh.change('w-0-0', status=f'at-{time.time_ns() // 1_000_000}')")
        opened.page.wait_for_timeout(400)
    for sent, painted in opened.page.evaluate("window.seen"):
        figures.add("event_to_screen_ms", painted - int(sent), "ms", "report")


def _steady(figures: Figures, opened: Any) -> None:
    """CPU and memory of the kernel under steady load, and how long the browser lets a click wait."""
    seconds = float(os.environ.get("WASMNB_BENCH_DASHBOARD_S", "600"))
    opened.kernel("threading.Thread(target=load, daemon=True).start()")
    (kernel,) = [one for one in psutil.Process().children(recursive=True) if "ipykernel_launcher" in one.cmdline()]
    opened.page.wait_for_timeout(3000)
    begin, first = time.perf_counter(), kernel.memory_info().rss
    while time.perf_counter() - begin < seconds:
        used, at = sum(kernel.cpu_times()[:2]), time.perf_counter()
        opened.page.wait_for_timeout(min(10_000, seconds * 1000 / 2))
        share = (sum(kernel.cpu_times()[:2]) - used) / (time.perf_counter() - at)
        figures.add("dashboard_cpu_percent", 100 * share, "%", "<= 20")
        waited = opened.page.evaluate(
            """() => {
                 const start = performance.now();
                 return new Promise(done => setTimeout(() => done(performance.now() - start), 0));
               }"""
        )
        figures.add("dashboard_browser_wait_ms", waited, "ms", "report")
    figures.add("dashboard_memory_growth_mib", (kernel.memory_info().rss - first) / 2**20, "MiB", "flat")


if __name__ == "__main__":
    found = Figures()
    dashboards(found)
    print(found.table())
