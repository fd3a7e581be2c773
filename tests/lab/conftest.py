"""A real JupyterLab with a real browser before it."""

from __future__ import annotations

import os
import re
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import nbformat
import pytest

from tests.needs import needs

ROOT = Path(__file__).parent.parent.parent
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
OUTPUTS = ".jp-OutputArea-output"
PICTURES = ROOT / "build" / "screenshots"
QUIET_BROWSER = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

_opened = pytest.StashKey["list[Notebook]"]()


@contextmanager
def serving(notebooks: Path, *, extension: bool = False, app: str = "jupyterlab") -> Iterator[tuple[str, str]]:
    """Run a JupyterLab, or a Notebook 7, on a folder, with our extension or without; give its address and token."""
    with tempfile.TemporaryDirectory() as folder:
        places = ("JUPYTER_CONFIG_DIR", "JUPYTERLAB_WORKSPACES_DIR", "JUPYTERLAB_SETTINGS_DIR", "JUPYTER_RUNTIME_DIR")
        settings = {name: str(Path(folder, name)) for name in places}
        news = Path(folder, "JUPYTERLAB_SETTINGS_DIR/@jupyterlab/apputils-extension/notification.jupyterlab-settings")
        news.parent.mkdir(parents=True)
        news.write_text('{"fetchNews": "false", "checkForUpdates": false}')
        if extension:
            there = Path(folder, "share", "labextensions")
            there.mkdir(parents=True)
            (there / "wasmnb").symlink_to(ROOT / "wasmnb" / "labextension")
            settings["JUPYTER_PATH"] = str(there.parent)
        token = secrets.token_hex(16)
        server = subprocess.Popen(
            [
                *(sys.executable, "-m", app, "--no-browser", "--allow-root", "--ip=127.0.0.1", "--port=0"),
                *("--expose-app-in-browser", "--LabApp.extension_manager=readonly"),
                *(f"--IdentityProvider.token={token}", f"--ServerApp.root_dir={notebooks}"),
            ],
            env={**os.environ, **settings, "PYTHONPATH": str(ROOT)},
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            assert server.stderr is not None
            address = next(filter(None, (re.search(r"http://127\.0\.0\.1:\d+", line) for line in server.stderr)))
            yield address.group(0), token
        finally:
            server.send_signal(signal.SIGTERM)
            server.communicate(timeout=30)


@pytest.fixture
@needs("browser")
def lab() -> Iterator[str]:
    """Give the URL of a JupyterLab on a copy of the notebooks."""
    with tempfile.TemporaryDirectory() as folder:
        notebooks = Path(folder, "notebooks")
        shutil.copytree(ROOT / "notebooks", notebooks)
        with serving(notebooks) as (address, token):
            yield f"{address}/lab/tree/quickstart.ipynb?token={token}"


class Notebook:
    """A notebook open in the browser."""

    def __init__(self, page: Any, path: Path, url: str) -> None:
        self.page, self.path, self.url = page, path, url

    def again(self, *, tab: bool = False) -> Notebook:
        """Load the page again, or open the notebook in another tab."""
        page = self.page.context.new_page() if tab else self.page
        _load(page, self.url)
        return Notebook(page, self.path, self.url)

    def command(self, name: str, **arguments: Any) -> None:
        self.page.evaluate("([name, args]) => window.jupyterapp.commands.execute(name, args)", [name, arguments])

    def run_all(self) -> None:
        self.command("notebook:run-all-cells")

    def run(self, index: int) -> None:
        """Run one cell, and do not wait for it."""
        self.page.evaluate(
            """index => {
                 window.jupyterapp.shell.currentWidget.content.activeCellIndex = index;
                 window.jupyterapp.commands.execute('notebook:run-cell');
               }""",
            index,
        )

    def interrupt(self) -> None:
        self.page.evaluate("window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.interrupt()")

    def theme(self, name: str) -> None:
        self.command("apputils:change-theme", theme=f"JupyterLab {name}")
        self.page.wait_for_function(_THEMED, arg=f"JupyterLab {name}", timeout=60_000)

    def picture(self, name: str) -> None:
        PICTURES.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=PICTURES / f"{name}.png")

    def check_accessible(self, what: str = OUTPUTS) -> None:
        """Have the outputs, or something else, judged by axe-core: names, roles, keyboard, contrast."""
        found = pytest.importorskip("axe_playwright_python.sync_playwright").Axe().run(self.page, what)
        assert found.violations_count == 0, found.generate_report()

    def kernel(self, code: str) -> None:
        """Run code in the notebook's kernel, beside its cells."""
        self.page.evaluate(
            """async code => {
                 const session = window.jupyterapp.shell.currentWidget.sessionContext.session;
                 const future = session.kernel.requestExecute({code, store_history: false});
                 const reply = await future.done;
                 if (reply.content.status !== 'ok') throw new Error(JSON.stringify(reply.content));
               }""",
            code,
        )

    def text(self) -> str:
        """Give what stands in the notebook, prompts and all."""
        return str(self.page.locator(".jp-Notebook").first.inner_text(timeout=5000))

    def saved(self) -> nbformat.NotebookNode:
        """Save the notebook, and read what is on disk."""
        self.command("docmanager:save")
        self.page.wait_for_timeout(700)
        return nbformat.read(self.path, as_version=4)


# What JupyterLab lies over the page meanwhile is gone, too: nothing below it can be judged.
_THEMED = """name => document.body.dataset.jpThemeName === name
  && document.querySelector('#jupyterlab-splash') === null"""
_READY = """document.querySelector('.jp-Notebook .jp-CodeCell') !== null
  && window.jupyterapp?.shell.currentWidget?.sessionContext?.session?.kernel?.status === 'idle'"""


def _load(page: Any, url: str) -> None:
    """Load a notebook; once more when the machine's networks changed, for which Chromium drops its requests."""
    sync_api = pytest.importorskip("playwright.sync_api")
    lost: list[str] = []
    page.on("requestfailed", lambda request: lost.append(request.failure or ""))
    for _ in range(3):
        lost.clear()
        page.goto(url)
        for _ in range(60):
            # A second tab is sent to another address meanwhile.
            with suppress(sync_api.TimeoutError):
                page.wait_for_function(_READY, timeout=2000)
                return
            if any("NETWORK_CHANGED" in why for why in lost):
                break
    raise AssertionError(f"not loaded: {lost}")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, Any, Any]:
    """Add what its pages show to how a test failed: what it waited for in vain is not there, and something else is."""
    report = yield
    if report.failed and call.when == "call":
        for opened in item.stash.get(_opened, []):
            with suppress(Exception):
                report.sections.append(("what the page shows", opened.text()))
    return report


@pytest.fixture
@needs("browser")
def notebook(request: pytest.FixtureRequest) -> Iterator[Callable[..., Notebook]]:
    """Open a notebook of given cells in a JupyterLab."""
    if CHROMIUM is None:
        pytest.skip("no Chromium: apt-get install chromium")
    playwright = pytest.importorskip("playwright.sync_api")
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))

        def open_(
            *cells: str, width: int = 1200, height: int = 900, extension: bool = False, app: str = "jupyterlab"
        ) -> Notebook:
            path = folder / "cells.ipynb"
            made = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
            made.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3 (ipykernel)"}
            nbformat.write(made, path)
            address, token = stack.enter_context(serving(folder, extension=extension, app=app))
            driver = stack.enter_context(playwright.sync_playwright())
            browser = driver.chromium.launch(executable_path=CHROMIUM, args=QUIET_BROWSER)
            stack.callback(browser.close)
            page = browser.new_context(viewport={"width": width, "height": height}).new_page()
            page.on("pageerror", lambda error: print("page:", error))
            page.on("console", lambda said: print("console:", said.text) if said.type == "error" else None)
            place = "lab/tree" if app == "jupyterlab" else "notebooks"
            opened = Notebook(page, path, f"{address}/{place}/cells.ipynb?token={token}").again()
            if app == "jupyterlab":
                opened.command("application:toggle-left-area")
            request.node.stash.setdefault(_opened, []).append(opened)
            return opened

        yield open_
