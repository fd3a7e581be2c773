"""Marks in the cells of filters, in a real JupyterLab: while one types, of cases, and of crashes."""

from __future__ import annotations

from tests.lab.test_cells import edit

START = "%load_ext wasmnb\n%wasm_config ahead=load\n%wasm_mesh local"
FILTER = """%%wasm_filter greeter --deploy app=details
#include "proxy_wasm_intrinsics.h"
class Greeter : public Context {
 public:
  explicit Greeter(uint32_t id, RootContext* root) : Context(id, root) {}
  FilterHeadersStatus onResponseHeaders(uint32_t, bool) override {
    addResponseHeader("x-greeting", "hello");
    return FilterHeadersStatus::Continue;
  }
  FilterHeadersStatus onRequestHeaders(uint32_t, bool) override {
    if (getRequestHeader("x-crash")->size() > 0) {
      __builtin_trap();
    }
    return FilterHeadersStatus::Continue;
  }
};
static RegisterContextFactory register_Greeter(CONTEXT_FACTORY(Greeter));
"""
CASES = """%%wasm_test greeter
test:
- name: it greets
  request: GET /
  response_headers:
    result:
      has_header: [{key: x-greeting, value: goodbye}]
"""
WAIT = "import os, time\nwhile not os.path.exists('go'):\n    time.sleep(0.1)"
CRASH = "%wasm_headers details http://details:9080/details/0 -H 'x-crash: yes'"
MARKED = """index => [...document.querySelectorAll('.jp-CodeCell')[index].querySelectorAll('.wasmnb-mark')]
  .map(one => one.textContent)"""
# What has the focus, and shows it.
FOCUSED = """label => document.activeElement.textContent.startsWith(label)
  && getComputedStyle(document.activeElement).outlineStyle === 'solid'"""


def test_what_is_wrong_is_marked_while_one_types(notebook):
    opened = notebook(START, FILTER, CASES, CRASH, WAIT, height=1500, extension=True)
    page = opened.page
    opened.run(0)
    page.wait_for_selector(".jp-Cell:nth-child(1) >> text=[1]:", timeout=120_000)
    lines = page.locator(".jp-CodeCell").nth(1).locator(".cm-line")
    status = page.locator(".jp-CodeCell").nth(1).locator(".wasmnb-status")

    # The compiler's words stand under the name, in the gutter and below the cell; nothing is deployed for them.
    lines.nth(6).click()
    page.keyboard.press("Home")
    for _ in range(len("addResponseHeade")):
        page.keyboard.press("ArrowRight")
    page.keyboard.press("Delete")
    page.locator(".wasmnb-mark").wait_for(timeout=60_000)
    assert page.evaluate(MARKED, 1) == ["addResponseHeade"]
    assert page.locator(".cm-lint-marker-error").count() == 1
    status.filter(has_text="not run yet: does not compile: line 7").wait_for(timeout=60_000)
    opened.kernel("from wasmnb.session import default\nassert not default().filters")
    page.locator(".wasmnb-mark").hover()
    page.locator(".cm-diagnosticText").filter(has_text="did you mean 'addResponseHeader'?").wait_for(timeout=60_000)
    opened.picture("marks-light")
    for theme in ("Dark", "Dark High Contrast"):
        opened.theme(theme)
        page.locator(".wasmnb-mark").hover()
        page.locator(".cm-diagnosticAction").wait_for(timeout=60_000)
        opened.picture(f"marks-{theme.lower().replace(' ', '-')}")
        opened.check_accessible(".cm-tooltip")
        opened.check_accessible(".wasmnb-status")
    opened.theme("Light")

    # The compiler's own suggestion mends it; then the module is ready.
    page.locator(".wasmnb-mark").hover()
    page.locator(".cm-diagnosticAction").click()
    status.filter(has_text="not run yet: compiles").wait_for(timeout=60_000)
    assert page.evaluate(MARKED, 1) == []

    # By keys alone, too: to the mark, to all that is said, back, and to what is suggested.
    page.keyboard.press("Control+z")
    page.locator(".wasmnb-mark").wait_for(timeout=60_000)
    page.keyboard.press("F8")
    page.wait_for_function("window.getSelection().toString() === 'addResponseHeade'", timeout=60_000)
    said = page.locator(".wasmnb-marks")
    page.keyboard.press("Shift+F8")
    said.get_by_role("button").filter(has_text="did you mean 'addResponseHeader'?").wait_for(timeout=60_000)
    page.wait_for_function(FOCUSED, arg="line 7: ", timeout=60_000)
    for theme in ("Dark High Contrast", "Light"):
        opened.theme(theme)
        opened.picture(f"marks-listed-{theme.lower().replace(' ', '-')}")
        opened.check_accessible(".wasmnb-marks")
    page.keyboard.press("Escape")
    said.wait_for(state="detached", timeout=60_000)
    page.keyboard.press("Shift+F8")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    said.wait_for(state="detached", timeout=60_000)
    status.filter(has_text="not run yet: compiles").wait_for(timeout=60_000)
    assert page.evaluate(MARKED, 1) == []

    # While another cell runs, too. The mark goes with its line, and another line of the cell leaves it alone.
    opened.run(4)
    edit(opened, 1, "Enter", *"int later = wrong")
    page.locator(".wasmnb-mark").first.wait_for(timeout=60_000)
    page.locator(".cm-lint-marker-error").hover()
    opened.picture("marks-running")
    edit(opened, 1, "Enter")
    assert "".join(page.evaluate(MARKED, 1)) == "wrong"
    page.keyboard.press("Backspace")
    for _ in range(len("int later = wrong")):
        page.keyboard.press("Backspace")
    status.filter(has_text="not run yet: compiles").wait_for(timeout=60_000)
    (opened.path.parent / "go").touch()

    # What a case did not find is marked where the case begins.
    opened.run(1)
    status.filter(has_text="live on 1 of 1 pod").wait_for(timeout=120_000)
    opened.run(2)
    page.locator(".wasmnb-test").first.wait_for(timeout=120_000)
    assert page.evaluate(MARKED, 2) == ["- name: it greets"]

    # A crash is marked in the cell that defines the filter, also after the cell has moved.
    opened.run(3)
    page.locator(".wasmnb-trap").wait_for(timeout=60_000)
    assert page.evaluate(MARKED, 1) == ["__builtin_trap();"]
    status.filter(has_text="TRAPPED at line 12: ").wait_for(timeout=60_000)
    opened.picture("marks-trap-light")
    lines.nth(1).click()
    page.keyboard.press("Alt+F8")
    page.wait_for_function(FOCUSED, arg="Deploy to app=details", timeout=60_000)
    page.keyboard.press("Tab")
    page.wait_for_function(FOCUSED, arg="Run the tests", timeout=60_000)
    opened.picture("status-focus")
    page.keyboard.press("Enter")
    source = "window.jupyterapp.shell.currentWidget.content.model.cells.get(2).sharedModel.getSource()"
    page.wait_for_function(f"{source} === '%wasm_test greeter'", timeout=60_000)
    opened.theme("Dark")
    opened.check_accessible(".jp-CodeCell:nth-child(2) .wasmnb-status")
    opened.picture("marks-trap-dark")


def test_each_place_in_an_output_leads_to_its_line_and_the_launcher_to_a_notebook(notebook):
    opened = notebook("%load_ext wasmnb", "%%wasm_filter a\nint x = y;\nint z = 1\n", extension=True)
    page = opened.page
    opened.run_all()
    link = page.get_by_role("link", name="cell line 2, column 9").first
    link.wait_for(timeout=60_000)
    page.locator(".wasmnb-mark").first.wait_for(timeout=60_000)
    assert page.evaluate(MARKED, 1) == ["y", "1"]
    opened.check_accessible()
    link.focus()
    page.keyboard.press("Enter")
    page.keyboard.insert_text("_")
    source = "window.jupyterapp.shell.currentWidget.content.model.cells.get(1).sharedModel.getSource()"
    page.wait_for_function(f"{source}.startsWith('%%wasm_filter a\\nint x = _y;')", timeout=60_000)

    # The launcher makes a notebook that runs.
    page.evaluate("window.jupyterapp.commands.execute('launcher:create', {cwd: ''})")
    card = page.locator(".jp-LauncherCard").filter(has_text="Mesh notebook")
    card.locator("img").wait_for(timeout=60_000)
    card.click()
    page.get_by_text("CONTEXT_FACTORY").first.wait_for(timeout=60_000)
    page.wait_for_selector("text=Python 3 (ipykernel) | Idle", timeout=120_000)
    opened.run_all()
    page.locator(".wasmnb td").filter(has_text="hello from a cell").wait_for(timeout=200_000)
    page.locator(".wasmnb-status").filter(has_text="live on 1 of 1 pod").wait_for(timeout=60_000)
    source = "window.jupyterapp.shell.currentWidget.content.model.cells.get(3).sharedModel.getSource()"
    assert page.evaluate(source).split("\n")[1] == '#include "proxy_wasm_intrinsics.h"'
    opened.picture("launched")
    offered = "window.jupyterapp.commands.listCommands().filter(one => one.startsWith('wasmnb:')).length"
    assert page.evaluate(offered) == 8
    settings = "window.jupyterapp.serviceManager.settings.fetch('wasmnb:workbench')"
    assert page.evaluate(f"async () => (await {settings}).schema.properties.marks.default") is True
