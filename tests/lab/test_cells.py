"""The lab extension in a real JupyterLab: cells of filters are in their own language, and no others."""

from __future__ import annotations

import re

CPP = """%%wasm_filter greeter
#include "proxy_wasm_intrinsics.h"

class Greeter : public Context {
 public:
  explicit Greeter(uint32_t id, RootContext* root) : Context(id, root) {}
  // It doesn't stop anything.
  FilterHeadersStatus onResponseHeaders(uint32_t, bool) override {
    const int most = 10'000;
    addResponseHeader("x-greeting", "hello from a cell");
    return FilterHeadersStatus::Continue;
  }
};"""
RUST = """%%wasm_filter guard --lang rust
struct Guard<'a> {
    name: &'a str,
}

impl<'a> Guard<'a> {
    fn name(&self) -> &'a str {
        self.name
    }
}"""
GO = '%%wasm_filter counter\npackage main\n\nimport "fmt"\n\nfunc main() {\n\tx := 1\n\tfmt.Println(x)\n}'
PYTHON = "# It's Python\nx = {'a': 1}"
PROTO = '%%wasm_file limits.proto\nsyntax = "proto3";\nmessage Limits { int32 rate = 1; }'

MIMES = "window.jupyterapp.shell.currentWidget.content.model.cells"
ALL = f"[...Array({MIMES}.length).keys()].map(index => {MIMES}.get(index).mimeType)"
COLOURED = """([index, words]) => {
  const cell = document.querySelectorAll('.jp-CodeCell')[index];
  const found = [...cell.querySelectorAll('.cm-line span')].map(one => one.textContent);
  return words.every(one => found.includes(one));
}"""


def edit(opened, index, *keys):
    """Put the cursor at the end of a cell, and type."""
    opened.page.locator(".jp-CodeCell .cm-content").nth(index).click()
    opened.page.keyboard.press("Control+End")
    for key in keys:
        opened.page.keyboard.press(key) if len(key) > 1 else opened.page.keyboard.insert_text(key)
    opened.page.wait_for_timeout(300)


def test_cells_are_in_their_language_and_others_are_left_alone(notebook):
    opened = notebook(CPP, RUST, GO, PYTHON, PROTO, width=1000, height=1300, extension=True)
    page = opened.page
    page.wait_for_function(f"{ALL}[0] === 'text/x-wasmnb-cpp'", timeout=30_000)
    usual = page.evaluate("window.jupyterapp.shell.currentWidget.content.codeMimetype")
    names = ["cpp", "rust", "go", None, "proto"]
    assert page.evaluate(ALL) == [f"text/x-wasmnb-{name}" if name else usual for name in names]
    # The magic is one word, and an apostrophe in a comment begins no string.
    cpp = ("%%wasm_filter greeter", "class", "public", "const", "override", "return", "// It doesn't stop anything.")
    for index, words in enumerate((cpp, ("struct", "impl", "fn"), ("package", "func"))):
        # A language is loaded when a cell is first in it.
        page.wait_for_function(COLOURED, arg=[index, words], timeout=60_000)
    opened.picture("cells-light")
    opened.theme("Dark")
    opened.picture("cells-dark")
    opened.theme("Light")

    # Enter and Ctrl+/ do what the language wants.
    edit(opened, 0, "Enter", *"void f() {", "Enter", *"int x;", "Control+/")
    source = f"{MIMES}.get(0).sharedModel.getSource()"
    assert page.evaluate(source).endswith("};\nvoid f() {\n    // int x;")
    # A cell that becomes ours, and one that is ours no more.
    edit(opened, 3, *["Backspace"] * len(PYTHON), *"%%wasm_filter late --lang rs")
    page.wait_for_function(f"{ALL}[3] === 'text/x-wasmnb-rust'", timeout=60_000)
    edit(opened, 3, *["Backspace"] * len("%%wasm_filter late --lang rs"), *"x = 1")
    page.wait_for_function(f"{ALL}[3] === '{usual}'", timeout=60_000)
    # A kernel that says its language again changes nothing.
    page.evaluate("window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart()")
    page.wait_for_timeout(4000)
    page.wait_for_function(f"{ALL}[0] === 'text/x-wasmnb-cpp'", timeout=30_000)
    assert page.evaluate(ALL)[4] == "text/x-wasmnb-proto"


def test_a_cell_of_ours_is_inserted_moved_and_run(notebook):
    opened = notebook("%load_ext wasmnb", PYTHON, extension=True)
    page = opened.page
    edit(opened, 1, *["Backspace"] * len(PYTHON), *"%%wasm_file a.h", "Enter", *"int a();")
    page.wait_for_function(f"{ALL}[1] === 'text/x-wasmnb-cpp'", timeout=60_000)
    opened.command("notebook:insert-cell-below")
    opened.command("notebook:move-cell-up")
    opened.command("notebook:move-cell-up")
    page.wait_for_timeout(500)
    assert [one for one in page.evaluate(ALL) if "wasmnb" in one] == ["text/x-wasmnb-cpp"]
    opened.run_all()
    page.get_by_text("a.h").last.wait_for(timeout=60_000)
    assert opened.saved().cells[-1].source == "%%wasm_file a.h\nint a();"


def digest_in(line):
    """Give as much of a digest as the line below a cell says."""
    return re.search(r"sha256:[0-9a-f]{12}", line.inner_text()).group()


FILTER = CPP.replace(
    "};",
    "};\nstatic RegisterContextFactory register_Greeter(CONTEXT_FACTORY(Greeter));",
).replace("%%wasm_filter greeter", "%%wasm_filter greeter --deploy app=details")
# Pods load ahead, also where Linux has little room for that.
ROOMY = """from wasmnb.mesh.local import topology
topology.ROOM = 0
%load_ext wasmnb
%wasm_config ahead=load
%wasm_mesh local"""
# What a response carries, and the build that is in force, as the kernel has them.
CARRIES = """
from tests.mesh.conftest import until
from wasmnb.session import default
mesh = default().current
sent = lambda: mesh.send('productpage', 'details:9080/details/1').response.headers.get('x-greeting')
until(sent, lambda found: found == {value!r})
assert mesh.plugins()[0].image.digest.startswith({digest!r})
"""


def test_each_cell_says_where_its_filter_stands(notebook):
    broken = "%%wasm_filter broken\nint x = 1"
    sent = "%wasm_headers productpage details:9080/details/1"
    opened = notebook(ROOMY, FILTER, sent, broken, height=1300, extension=True)
    page = opened.page
    opened.run_all()
    live = page.locator(".jp-CodeCell:has-text('wasm_filter greeter') .wasmnb-status")
    live.filter(has_text="live on 1 of 1 pod").wait_for(timeout=200_000)
    assert live.inner_text().startswith("✓")
    # What can be of no use is not offered: it is live, and was nothing before.
    assert live.get_by_role("button").all_inner_texts() == ["Write tests ↓"]
    page.locator(".jp-CodeCell .wasmnb-status").filter(has_text="does not compile: line").wait_for(timeout=60_000)
    opened.picture("status-light")
    opened.check_accessible(".wasmnb-status")
    # Where a window is so narrow that prompts stand above cells, the line stands below its cell all the same.
    sizes = page.viewport_size
    page.set_viewport_size({"width": 700, "height": sizes["height"]})
    text, editor = (
        "document.querySelector('.wasmnb-status > span').getBoundingClientRect().left",
        "document.querySelector('.jp-CodeCell:has(.wasmnb-status) .jp-InputArea-editor').getBoundingClientRect().left",
    )
    page.wait_for_function(f"Math.abs({text} - {editor}) < 8", timeout=20_000)
    page.set_viewport_size(sizes)
    # What a response shows becomes a case, in the cell below it.
    page.get_by_role("button", name="Save as a test of greeter").click()
    page.wait_for_function(f"{MIMES}.length === 5", timeout=120_000)
    opened.picture("answer-light")
    opened.check_accessible(".wasmnb-answer")
    case = page.evaluate(f"{MIMES}.get(3).sharedModel.getSource()")
    assert case.startswith("%%wasm_test greeter\ntest:\n- name: 'GET /details/1: 200'")
    assert "{key: x-greeting, value: hello from a cell}" in case
    answer = page.locator(".wasmnb-answer")
    answer.get_by_text("%%wasm_test greeter was put in the cell below; Shift Enter runs it").wait_for()
    # A second one is added to that cell, whose cases it has.
    page.get_by_role("button", name="Save as a test of greeter").click()
    answer.get_by_text("added to the cell %%wasm_test greeter below").wait_for(timeout=120_000)
    assert page.evaluate(f"{MIMES}.length") == 5
    assert page.evaluate(f"{MIMES}.get(3).sharedModel.getSource()").startswith(f"{case.strip()}\n- name: ")
    opened.run(3)
    page.locator(".jp-CodeCell").nth(3).get_by_text("2 of 2 cases passed").wait_for(timeout=120_000)
    edit(opened, 1, *" // later")
    live.filter(has_text="edited since").wait_for(timeout=60_000)
    assert "✓" not in live.inner_text()
    for theme in ("Dark High Contrast", "Dark"):
        opened.theme(theme)
        opened.picture(f"status-{theme.lower().replace(' ', '-')}")
        opened.check_accessible(".wasmnb-status")
        opened.check_accessible(".wasmnb-answer")
    for width in (900, 1600, 1200):
        page.set_viewport_size({"width": width, "height": 1300})
        opened.picture(f"status-{width}")
    edit(opened, 1, *["Backspace"] * len(" // later"))
    live.filter(has_text="✓").wait_for(timeout=60_000)
    # What is typed is ready before it is run; until then pods do what they did.
    before = digest_in(live)
    assert "Run the tests ↓" in live.get_by_role("button").all_inner_texts()
    page.get_by_text('"hello from a cell");').click()
    for key in ("End", "ArrowLeft", "ArrowLeft", "ArrowLeft"):
        page.keyboard.press(key)
    page.keyboard.type(" again")
    live.filter(has_text="edited since it ran: compiles, ready to run").wait_for(timeout=120_000)
    opened.picture("ready-dark")
    opened.kernel(CARRIES.format(value="hello from a cell", digest=before))
    page.keyboard.press("Shift+Enter")
    live.filter(has_text="✓").filter(has_not_text=before).wait_for(timeout=60_000)
    assert "live on 1 of 1 pod" in live.inner_text()
    opened.kernel(CARRIES.format(value="hello from a cell again", digest=digest_in(live)))
    live.get_by_role("button", name="Roll back").click()
    live.get_by_text("%wasm_rollback greeter was put in the cell below; Shift Enter runs it").wait_for()
    opened.picture("put-below-dark")
    page.keyboard.press("Shift+Enter")
    live.filter(has_text="this build is not deployed; live on 1 pod: another build").wait_for(timeout=60_000)
    opened.picture("rolled-back-dark")
    # It follows the mesh by itself, and a kernel that is gone says nothing.
    opened.kernel("from wasmnb.session import default\ndefault().undeploy('greeter')")
    live.filter(has_text="not deployed").wait_for(timeout=30_000)
    page.evaluate("window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart()")
    live.wait_for(state="detached", timeout=30_000)
