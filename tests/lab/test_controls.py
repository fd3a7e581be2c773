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
    opened = notebook(START, FILTER, watch, "%wasm_panel", height=1500)
    page = opened.page
    opened.run_all()
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
    page.get_by_text("live on the 1 pod selected").first.wait_for(timeout=20_000)
    opened.picture("controls-light")
    opened.check_accessible()
    slider.focus()
    slider.press("Home")
    page.get_by_text("capture 1 of").wait_for(timeout=20_000)
    assert page.locator(".wasmnb-live tr").filter(has_text="x-greeting").count() == 0
    opened.theme("Dark")
    opened.picture("controls-dark")
    opened.check_accessible()
    page.get_by_role("button", name="Undeploy").click()
    page.get_by_role("button", name="latest").click()
    page.locator("tr.marked").filter(has_text="x-greeting").filter(has_text="removed").wait_for(timeout=60_000)
    opened.kernel("get_ipython().run_line_magic('wasm_mesh', 'stop')")
    slider.wait_for(state="detached", timeout=20_000)
