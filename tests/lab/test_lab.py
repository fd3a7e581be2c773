"""The quickstart in a real JupyterLab, in a real browser, in both themes."""

from __future__ import annotations

import pytest

from tests.lab.conftest import CHROMIUM, PICTURES, QUIET_BROWSER

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium: apt-get install chromium")


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
        assert page.locator(".jp-OutputArea-output table").count() >= 3
        for theme in ("JupyterLab Light", "JupyterLab Dark"):
            page.evaluate("theme => window.jupyterapp.commands.execute('apputils:change-theme', {theme})", theme)
            page.wait_for_timeout(500)
            page.screenshot(path=PICTURES / f"quickstart-{theme.split()[1].lower()}.png")
        browser.close()
