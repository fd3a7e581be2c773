"""A filter's cell while it is typed, as a person at JupyterLab has it: a real browser, and a real kernel behind it.

``squiggle_ms`` is from the last key to the mark on the screen, ``typed_to_ready_ms`` from the last key to *ready*.
``browser_run_to_live_ms`` is from the run of a cell that is ready to the first response that carries the change,
``run_to_line_ms`` to the line below the cell that says live. Pods load ahead, as they do where Linux has room for it.

``keystroke_ms`` is the 95th percentile of 30 keys in a cell of 2,000 lines among 200 cells, from a key to the frame
that shows it, with the extension and without, in turn. The pause behind each key is as long as the extension waits.
``keystroke_cpu_ms`` is the processor time of the page's thread for a key and its pause, whatever else runs.
"""

from __future__ import annotations

import contextlib
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import nbformat
from article_filter import CONFIG, source
from measure import Figures, runs

from wasmnb.traffic import Request
from wasmnb.traffic.http_client import roundtrip

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

KEYS, PAUSE = 30, 170  # milliseconds between keys: the extension waits for 150
START = """
from pathlib import Path
from wasmnb.mesh.local import topology
from wasmnb.session import default
topology.ROOM = 0
%load_ext wasmnb
%wasm_config ahead=load
%wasm_mesh local
details = next(one for one in default().current._plan.proxies if one.labels["app"] == "details")
Path("address").write_text("{} {}".format(*details.site.inbound))
"""
LONG = "%%wasm_filter long\n" + "\n".join(f"int f{index}(int x) {{ return x + {index}; }}" for index in range(2000))
_KERNEL = {"name": "python3", "display_name": "Python 3 (ipykernel)"}
_HELPERS = """() => {
  const content = () => window.jupyterapp.shell.currentWidget.content;
  // The first frame in which something holds, by the clock of the page.
  window.frame = holds => new Promise(done => {
    const look = () => holds() ? done(performance.now()) : requestAnimationFrame(look);
    requestAnimationFrame(look);
  });
  window.line = () => content().widgets[1].node.querySelector('.wasmnb-status');
  window.isLive = () => Boolean(line()?.textContent.startsWith('✓live'));
  window.replaced = text => {
    const view = content().widgets[1].editor.editor;
    view.dispatch({changes: {from: 0, to: view.state.doc.length, insert: text}});
    return performance.now();
  };
  window.keys = [];
  document.addEventListener('keydown', key => requestAnimationFrame(() => setTimeout(() => {
    window.keys.push(performance.now() - key.timeStamp);
  })), {capture: true});
}"""
_MARKED = """async text => {
  const start = replaced(text);
  return await frame(() => document.querySelector('.wasmnb-mark')) - start;
}"""
_READY = """async text => {
  const start = replaced(text);
  return await frame(() => line()?.dataset.ready === 'true') - start;
}"""
_RUN = """() => {
  const start = performance.now();
  window.jupyterapp.commands.execute('notebook:run-cell');
  window.lived = frame(isLive).then(end => end - start);
}"""
_AT_THE_END = """() => {
  const {content} = window.jupyterapp.shell.currentWidget;
  content.activeCellIndex = 1;
  content.mode = 'edit';
  const view = content.activeCell.editor.editor;
  view.dispatch({selection: {anchor: view.state.doc.length}, scrollIntoView: true});
  view.focus();
}"""


def workbench(figures: Figures) -> None:
    """Measure the extension; without a browser, the size of its bundle."""
    from tests.lab.conftest import CHROMIUM  # noqa: PLC0415

    bundles = (ROOT / "wasmnb" / "labextension" / "static").glob("*.js")
    figures.add("lab_bundle_kb", sum(one.stat().st_size for one in bundles) / 1000, "kB", "report")
    if CHROMIUM is None:
        print("workbench: not measured, there is no Chromium")
        return
    from playwright.sync_api import sync_playwright  # noqa: PLC0415

    with sync_playwright() as driver:
        with _opened(driver, START, _cell("0"), extension=True) as opened:
            _typed(figures, opened)
        cells = ["%load_ext wasmnb", LONG, *(f"x = {index}" for index in range(198))]
        with _opened(driver, *cells, extension=True) as ours, _opened(driver, *cells, extension=False) as theirs:
            _keystrokes(figures, {"": ours, "_without_us": theirs})


def _typed(figures: Figures, opened: Any) -> None:
    page = opened.page
    opened.run_all()
    page.wait_for_function("isLive()", timeout=300_000)
    page.evaluate("window.jupyterapp.shell.currentWidget.content.activeCellIndex = 1")
    host, port = (opened.path.parent / "address").read_text("ascii").split()
    request = Request("GET", "details:9080", "/details/123")
    for run in range(-1, runs(9)):
        edit = f"{time.time_ns():x}"
        marked = page.evaluate(_MARKED, f"{_cell(edit)}\nint broken = nothing_here;\n")
        ready = page.evaluate(_READY, _cell(edit))
        start = time.perf_counter()
        page.evaluate(_RUN)
        while roundtrip((host, int(port)), request, timeout=60).headers.get("x-edit") != edit:
            time.sleep(0.001)
        live = (time.perf_counter() - start) * 1e3
        line = page.evaluate("window.lived")
        if run >= 0:
            figures.add("squiggle_ms", marked, "ms", "<= 400")
            figures.add("typed_to_ready_ms", ready, "ms", "report")
            figures.add("browser_run_to_live_ms", live, "ms", "<= 40")
            figures.add("run_to_line_ms", line, "ms", "report")


def _keystrokes(figures: Figures, pages: dict[str, Any]) -> None:
    for opened in pages.values():
        opened.run(0)
        opened.page.get_by_text("[1]:").wait_for(timeout=120_000)
    clocks = {name: _clock(opened.page) for name, opened in pages.items()}
    for run in range(-1, runs(9)):
        for name, opened in pages.items():
            page = opened.page
            page.evaluate(_AT_THE_END)
            page.evaluate("window.keys = []")
            begun = clocks[name]()
            for _ in range(KEYS):
                page.keyboard.press("x")
                page.wait_for_timeout(PAUSE)
            page.wait_for_function(f"window.keys.length === {KEYS}")
            if run >= 0:
                took = page.evaluate("window.keys")
                figures.add(f"keystroke{name}_ms", statistics.quantiles(took, n=20)[-1], "ms", "no difference")
                spent = (clocks[name]() - begun) / KEYS
                figures.add(f"keystroke_cpu{name}_ms", spent * 1e3, "ms", "no difference")


def _clock(page: Any) -> Callable[[], float]:
    """Give what tells the seconds of processor time that the thread of a page has had."""
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable", {"timeDomain": "threadTicks"})

    def read() -> float:
        metrics = session.send("Performance.getMetrics")["metrics"]
        return float(next(one["value"] for one in metrics if one["name"] == "TaskDuration"))

    return read


def _cell(edit: str) -> str:
    return f"%%wasm_filter typed --deploy app=details --config '{CONFIG}' --timeout 120\n{source(edit)}"


@contextlib.contextmanager
def _opened(driver: Any, *cells: str, extension: bool) -> Iterator[Any]:
    """Open a notebook in a browser of its own."""
    from tests.lab.conftest import CHROMIUM, QUIET_BROWSER, Notebook, serving  # noqa: PLC0415

    with tempfile.TemporaryDirectory() as folder, serving(Path(folder), extension=extension) as (address, token):
        path = Path(folder, "bench.ipynb")
        made = [nbformat.v4.new_code_cell(cell) for cell in cells]
        nbformat.write(nbformat.v4.new_notebook(cells=made, metadata={"kernelspec": _KERNEL}), path)
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=QUIET_BROWSER)
        page = browser.new_page(viewport={"width": 1200, "height": 900})
        opened = Notebook(page, path, f"{address}/lab/tree/bench.ipynb?token={token}").again()
        page.evaluate(_HELPERS)
        yield opened
        browser.close()
