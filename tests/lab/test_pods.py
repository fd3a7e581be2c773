"""The pods' dashboard in a real JupyterLab, in a real browser."""

from __future__ import annotations

import contextlib
import re

import pytest

START = """
import wasmnb
from tests.dashboards.simulated import SimulatedMesh
from wasmnb.mesh import Verdict
from wasmnb.session import default
mesh = SimulatedMesh({pods})
default().use(mesh)
%load_ext wasmnb
"""
PODS = "%wasm_pods --watch"


def test_a_dashboard_lives_and_leaves_a_record(notebook):
    opened = notebook(START.format(pods=40), PODS)
    page = opened.page
    opened.run_all()
    grid = page.get_by_role("grid", name="Pods of the mesh simulated")
    grid.wait_for(timeout=90_000)
    assert page.locator(".wasmnb-live [role=status]").inner_text().endswith("40 of 40 ready")
    row = grid.get_by_role("row").filter(has_text="w-0-0")
    assert re.search(r"w-0-0.*2/2.*Running.*LIVE", row.inner_text().replace("\n", " "))
    meaning = "LIVE: this image was seen to act in this pod"
    assert row.get_by_title(meaning, exact=True).inner_text() == "LIVE"
    row.click()
    grid.get_by_role("region").get_by_text(meaning, exact=True).wait_for(timeout=20_000)
    opened.picture("pods-details")
    row.first.click()
    opened.picture("pods-light")

    opened.kernel("mesh.change('w-0-0', ready='0/2', status='ImagePullBackOff', reason='no such image')")
    row.filter(has_text="ImagePullBackOff").wait_for(timeout=20000)
    opened.kernel("mesh.judge('w-0-1', Verdict.TRAPPED, 'unreachable executed')")
    page.get_by_text("2 with problems").first.wait_for(timeout=20000)
    opened.check_accessible()
    opened.theme("Dark")
    opened.picture("pods-dark")
    opened.check_accessible()
    opened.theme("Light")

    # A filter, problems only, and no groups.
    page.get_by_label("only problems").check()
    assert grid.get_attribute("aria-rowcount") == "6", "the head, the workload, two pods and why"
    page.get_by_label("group by workload").uncheck()
    assert grid.get_attribute("aria-rowcount") == "5"
    page.get_by_role("searchbox").fill("trapped")
    assert grid.get_attribute("aria-rowcount") == "3"
    assert "header-filter: unreachable executed" in grid.locator(".why").inner_text()
    page.get_by_role("searchbox").fill("")
    page.get_by_label("only problems").uncheck()
    page.get_by_role("button", name="plugins").click()
    head = grid.get_by_role("columnheader", name="plugins")
    assert head.get_attribute("aria-sort") == "ascending"
    assert "▲" in head.inner_text()
    page.wait_for_function("document.querySelector('.body [aria-rowindex=\"2\"]').textContent.includes('TRAPPED')")
    page.get_by_role("button", name="plugins").click()
    assert "▼" in head.inner_text()
    page.get_by_role("button", name="plugins").click()

    # A group counts all its pods, whatever is shown of them, and folds.
    page.get_by_label("group by workload").check()
    page.get_by_label("only problems").check()
    group = grid.get_by_role("button", name="w-0: 4 of 5 ready, 2 shown")
    assert group.get_attribute("aria-expanded") == "true"
    group.click()
    assert grid.get_attribute("aria-rowcount") == "2"
    grid.get_by_role("button", name="w-0:").click()
    page.get_by_label("only problems").uncheck()
    page.get_by_text(re.compile(r"live, \d s ago")).wait_for()

    opened.kernel("mesh.delete('w-0-0')")
    row.wait_for(state="detached", timeout=20000)

    # The mesh goes, and comes back.
    opened.kernel("mesh.leave('the API server does not answer')")
    page.get_by_text("stale since").first.wait_for(timeout=20000)
    assert grid.get_by_text("was LIVE").count()
    assert not re.search(r"✓ ?LIVE", grid.inner_text())
    opened.picture("pods-stale")
    opened.kernel("mesh.come_back()")
    page.locator(".wasmnb-live [role=status]").filter(has_not_text="stale").wait_for(timeout=15_000)

    # While it lives, what is saved can be read; the kernel writes it a moment after the page has the news.
    page.locator("[data-wasmnb-record]").filter(has_text=re.compile("as of")).wait_for(state="attached", timeout=20_000)
    saved = opened.saved().cells[1].outputs
    assert "ready" in saved[0].data["text/plain"]
    assert re.search(r"as of \d\d:\d\d:\d\d UTC", saved[0].data["text/plain"])
    assert not page.locator("[data-wasmnb-record]").is_visible()
    assert "<script" not in saved[0].data["text/html"]

    # Stopping the mesh leaves one static record.
    opened.kernel("get_ipython().run_line_magic('wasm_mesh', 'stop')")
    grid.wait_for(state="detached", timeout=10_000)
    page.get_by_role("table", name="Pods of simulated").wait_for()
    left = opened.saved().cells[1].outputs
    assert all("application/vnd.jupyter.widget-view+json" not in one.data for one in left)
    assert "w-0-1" in left[0].data["text/plain"]
    opened.kernel(
        "import threading\nassert not [one for one in threading.enumerate() if one.name.startswith('wasmnb-dashboard')]"
    )


def test_keyboard_alone(notebook):
    opened = notebook(START.format(pods=200), PODS)
    page = opened.page
    opened.run_all()
    grid = page.get_by_role("grid", name="Pods of the mesh simulated")
    grid.wait_for(timeout=90_000)
    page.get_by_role("searchbox").focus()
    page.keyboard.press("ArrowDown")
    focused = "document.activeElement.getAttribute('aria-rowindex')"
    assert page.evaluate(focused) == "2"
    for key, index in (("ArrowDown", "3"), ("End", "241"), ("Home", "2"), ("PageDown", None), ("ArrowUp", None)):
        page.keyboard.press(key)
        page.wait_for_function(f"{focused} === '{index}'" if index else f"Number({focused}) > 10")
    page.keyboard.press("Home")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    details = page.get_by_role("region", name="Details of the chosen pod")
    details.wait_for()
    assert "sha256:ab12cd34" in details.inner_text()
    assert details.bounding_box()["y"] < page.locator(".wasmnb-live .body").bounding_box()["y"] + 150, "beside its pod"
    page.evaluate("navigator.clipboard.writeText = async text => { window.copied = text; }")
    details.get_by_role("button", name="Copy the digest of header-filter").click()
    page.wait_for_function(f"window.copied === 'sha256:{'ab12cd34' * 8}'")
    grid.locator("[aria-selected=true]").focus()
    opened.picture("pods-keyboard")
    page.keyboard.press("Escape")
    details.wait_for(state="hidden")
    # JupyterLab's own keys did nothing meanwhile: no cell was added, removed or left.
    page.keyboard.press("b")
    assert page.locator(".jp-CodeCell").count() == 2
    # A group is folded, and unfolded, by the arrows.
    page.keyboard.press("Home")
    page.keyboard.press("ArrowLeft")
    assert grid.get_attribute("aria-rowcount") == "236"
    page.keyboard.press("ArrowRight")
    assert grid.get_attribute("aria-rowcount") == "241"
    # Only one row can be reached by Tab.
    assert grid.locator("[role=row][tabindex='0']").count() == 1


def test_thousands_of_pods_in_a_narrow_window(notebook):
    opened = notebook(START.format(pods=5000), PODS, width=700)
    page = opened.page
    opened.run_all()
    grid = page.get_by_role("grid", name="Pods of the mesh simulated")
    grid.wait_for(timeout=90_000)
    page.wait_for_function("document.querySelector('[role=grid]').getAttribute('aria-rowcount') === '6001'")
    assert grid.get_by_role("row").count() < 60
    opened.picture("pods-narrow")
    page.locator(".wasmnb-live .body").evaluate("body => { body.scrollTop = body.scrollHeight; }")
    grid.get_by_role("row").filter(has_text="w-999-4999").wait_for(timeout=20000)


def test_an_output_that_is_closed_ends_the_watch(notebook):
    opened = notebook(START.format(pods=5), PODS)
    page = opened.page
    opened.run_all()
    page.get_by_role("grid").wait_for(timeout=90_000)
    # One of the output, and one of the status bar.
    _watched(opened, 2)
    opened.command("notebook:clear-all-cell-outputs")
    # The watch ends when the page has been silent for ten seconds: whoever asks all the time breaks the silence.
    _watched(opened, 1, every=13_000)


def _watched(opened, count, every=200):
    """Wait until a mesh is followed by so many; ask every so many milliseconds."""
    refused = pytest.importorskip("playwright.sync_api").Error
    for _ in range(60_000 // every):
        opened.page.wait_for_timeout(every)
        with contextlib.suppress(refused):
            opened.kernel(f"assert len(mesh.watches) == {count}")
            return
    opened.kernel(f"assert len(mesh.watches) == {count}, mesh.watches")


def test_after_a_restart_the_record_stays(notebook):
    opened = notebook(START.format(pods=5), PODS)
    page = opened.page
    opened.run_all()
    page.get_by_role("grid").wait_for(timeout=90_000)
    opened.saved()
    page.evaluate("window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart()")
    page.locator("[data-wasmnb-record]").wait_for(timeout=90_000)
    assert page.get_by_role("grid").count() == 0
    page.locator("[data-wasmnb-record] table").get_by_text("w-0-0").wait_for()
    opened.picture("pods-restarted")
    # So does that of a notebook that was saved while it lived.
    page.reload()
    page.locator("[data-wasmnb-record] table").get_by_text("w-0-0").wait_for(timeout=90_000)
    dead = page.get_by_text("Error displaying widget")
    dead.wait_for(state="attached", timeout=90_000)
    opened.picture("pods-reopened")
    assert not dead.is_visible()
