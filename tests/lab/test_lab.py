"""The quickstart in a real JupyterLab, in a real browser, in both themes."""

from __future__ import annotations

import os
import re
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
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

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium: apt-get install chromium")


@pytest.fixture
def lab() -> Iterator[str]:
    """Give the URL of a JupyterLab on a copy of the notebooks."""
    with tempfile.TemporaryDirectory() as folder:
        notebooks = Path(folder, "notebooks")
        shutil.copytree(ROOT / "notebooks", notebooks)
        places = ("JUPYTER_CONFIG_DIR", "JUPYTERLAB_WORKSPACES_DIR", "JUPYTERLAB_SETTINGS_DIR", "JUPYTER_RUNTIME_DIR")
        settings = {name: str(Path(folder, name)) for name in places}
        news = Path(folder, "JUPYTERLAB_SETTINGS_DIR/@jupyterlab/apputils-extension/notification.jupyterlab-settings")
        news.parent.mkdir(parents=True)
        news.write_text('{"fetchNews": "false", "checkForUpdates": false}')
        token = secrets.token_hex(16)
        server = subprocess.Popen(
            [
                *(sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--ip=127.0.0.1", "--port=0"),
                *("--expose-app-in-browser", "--LabApp.extension_manager=readonly"),
                *(f"--IdentityProvider.token={token}", f"--ServerApp.root_dir={notebooks}"),
            ],
            env={**os.environ, **settings},
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            assert server.stderr is not None
            address = next(filter(None, (re.search(r"http://127\.0\.0\.1:\d+", line) for line in server.stderr)))
            yield f"{address.group(0)}/lab/tree/quickstart.ipynb?token={token}"
        finally:
            server.send_signal(signal.SIGTERM)
            server.communicate(timeout=30)


def test_the_quickstart_in_a_browser(lab: str) -> None:
    playwright = pytest.importorskip("playwright.sync_api")
    PICTURES.mkdir(parents=True, exist_ok=True)
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=QUIET_BROWSER)
        page = browser.new_page(viewport={"width": 980, "height": 1480})
        page.goto(lab)
        page.wait_for_selector(".jp-Notebook .jp-CodeCell", timeout=60_000)
        page.wait_for_selector("text=Python 3 (ipykernel) | Idle", timeout=60_000)
        page.evaluate("window.jupyterapp.commands.execute('application:toggle-left-area')")
        page.evaluate("window.jupyterapp.commands.execute('notebook:run-all-cells')")
        outputs = page.locator(".jp-OutputArea-output")
        page.wait_for_function(
            "[...document.querySelectorAll('.jp-CodeCell')].at(-1)?.innerText.includes('[5]:')", timeout=120_000
        )
        shown = outputs.all_inner_texts()
        assert any("x-greeting" in text and "hello from a cell" in text for text in shown)
        assert sum("2/2" in text for text in shown) >= 1
        assert page.locator(".jp-OutputArea-output table caption").count() >= 3
        for theme in ("JupyterLab Light", "JupyterLab Dark"):
            page.evaluate("theme => window.jupyterapp.commands.execute('apputils:change-theme', {theme})", theme)
            page.wait_for_timeout(500)
            page.screenshot(path=PICTURES / f"quickstart-{theme.split()[1].lower()}.png")
        browser.close()
