"""Live headers and the control panel in a real JupyterLab, on a real mesh."""

from __future__ import annotations

START = "%load_ext wasmnb\n%wasm_mesh local"
FILTER = """%%wasm_filter greeting
#include "proxy_wasm_intrinsics.h"

class Greeting : public Context {
 public:
  explicit Greeting(uint32_t id, RootContext* root) : Context(id, root) {}
  FilterHeadersStatus onResponseHeaders(uint32_t, bool) override {
    addResponseHeader("x-greeting", "hello");
    return FilterHeadersStatus::Continue;
  }
};

static RegisterContextFactory register_Greeting(CONTEXT_FACTORY(Greeting));"""


def test_a_deployment_by_controls_is_seen_in_the_headers(notebook):
    watch = "%wasm_headers productpage details:9080/details/123 --watch"
    steps = "%wasm_deploy greeting --selector app=reviews,version=v1 --steps version=v1 --watch-for 1"
    opened = notebook(START, FILTER, watch, "%wasm_panel", steps, height=1500)
    page = opened.page
    for index in range(4):
        opened.run(index)
    slider = page.get_by_role("slider", name="Captures, oldest first")
    slider.wait_for(timeout=120_000)
    page.get_by_label("filter or image").fill("greeting")
    page.get_by_label("selector").fill("app=details")
    page.get_by_label("selector").press("Tab")
    page.get_by_text("1 pod matches").wait_for(timeout=20_000)
    page.get_by_text("%wasm_deploy greeting --selector app=details").first.wait_for(timeout=20_000)
    page.get_by_role("button", name="Deploy", exact=True).click()
    page.locator("tr.marked").filter(has_text="x-greeting").wait_for(timeout=60_000)
    assert page.locator("tr.marked").filter(has_text="x-greeting").inner_text().endswith("added")
    page.locator(".jupyter-widgets").get_by_text("live on 1 pod").first.wait_for(timeout=20_000)
    opened.picture("controls-light")
    opened.check_accessible()
    slider.focus()
    slider.press("Home")
    page.get_by_text("capture 1 of").wait_for(timeout=20_000)
    assert page.locator(".wasmnb-live tr").filter(has_text="x-greeting").count() == 0
    for theme in ("Dark High Contrast", "Dark"):
        opened.theme(theme)
        opened.picture(f"controls-{theme.lower().replace(' ', '-')}")
        opened.check_accessible()
    undeploy = page.get_by_role("button", name="Undeploy", exact=True)
    undeploy.click()
    page.get_by_role("button", name="latest").click()
    page.locator("tr.marked").filter(has_text="x-greeting").filter(has_text="removed").wait_for(timeout=60_000)

    # What a cell does meanwhile is known once somebody turns to the panel.
    page.get_by_text("Nothing is in force as greeting.").wait_for(timeout=20_000)
    assert undeploy.is_disabled()
    slider.hover()
    opened.kernel("get_ipython().run_line_magic('wasm_rollback', 'greeting')")
    page.get_by_role("textbox", name="selector").hover()
    page.get_by_text("In force as greeting").wait_for(timeout=20_000)
    undeploy.click()
    page.get_by_text("Nothing is in force as greeting.").wait_for(timeout=20_000)

    # Nothing asks for reviews, so that a step there cannot be judged: whoever reads it decides.
    opened.run(4)
    page.get_by_role("cell", name="needs your answer").wait_for(timeout=60_000)
    page.get_by_role("alert").filter(has_text="no request reached its pods in 1 s").wait_for(timeout=20_000)
    opened.picture("step-waits-dark")
    opened.check_accessible()
    page.get_by_role("button", name="Go on", exact=True).click()
    page.get_by_text("live on 1 pod after 1 step").first.wait_for(timeout=60_000)
    page.get_by_text("you chose to go on").first.wait_for(timeout=20_000)
    opened.kernel("get_ipython().run_line_magic('wasm_mesh', 'stop')")
    slider.wait_for(state="detached", timeout=20_000)


def test_a_project_is_chosen_and_written(notebook):
    opened = notebook("%load_ext wasmnb", "%wasm_init my-filter")
    page = opened.page
    opened.run_all()
    button = page.get_by_role("button", name="Write the folder")
    button.wait_for(timeout=90_000)
    page.get_by_text("nothing is written yet").wait_for()
    page.get_by_label("language", exact=True).select_option("Go")
    opened.picture("project-form")
    opened.check_accessible()

    # What is in the way is said, and one may press again.
    folder = opened.path.parent / "my-filter"
    folder.mkdir()
    (folder / "main.go").write_text("mine")
    button.click()
    page.get_by_text("main.go").first.wait_for(timeout=20_000)
    opened.picture("project-refused")
    assert (folder / "main.go").read_text() == "mine"
    (folder / "main.go").unlink()
    button.click()
    page.get_by_text("files written").wait_for(timeout=20_000)
    button.wait_for(state="detached", timeout=20_000)
    assert (folder / "main.go").is_file()
    opened.picture("project-written")
    left = opened.saved().cells[1].outputs
    assert "files written" in left[0].data["text/plain"]
    assert "VBox" not in str([one.data["text/plain"] for one in left])


def test_a_saved_panel_is_its_record_once_the_kernel_is_gone(notebook):
    opened = notebook(START, "%wasm_panel")
    page = opened.page
    opened.run_all()
    page.get_by_role("button", name="Deploy", exact=True).wait_for(timeout=90_000)
    left = opened.saved().cells[1].outputs
    assert [one.data["text/plain"].partition("\n")[0] for one in left][1:] == [""]
    assert not page.get_by_text("for the mesh local").is_visible(), "the record is out of the way of the form"
    page.evaluate("window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart()")
    page.get_by_text("for the mesh local").wait_for(timeout=90_000)
    assert not page.get_by_role("button", name="Deploy", exact=True).count(), "a form without a kernel does nothing"
    opened.picture("controls-restarted")
    page.reload()
    page.get_by_text("for the mesh local").wait_for(timeout=90_000)
    dead = page.get_by_text("Error displaying widget")
    dead.wait_for(state="attached", timeout=90_000)
    opened.picture("controls-reopened")
    assert not dead.is_visible()
