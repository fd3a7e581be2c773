"""Notebooks that are large, or taken apart: what is marked stays right, and a key costs what it did without us."""

from __future__ import annotations

from tests.lab.test_pages import COUNT

START = "%load_ext wasmnb\n%wasm_config ahead=off"
BROKEN = "%%wasm_filter a\nint x = y;\nint z = 1\n"
LONG = "%%wasm_filter long\n" + "\n".join(f"int f{index}(int x) {{ return x + {index}; }}" for index in range(2000))
# Where marks are: the words, and the lines that they are in.
MARKED = """() => [...document.querySelectorAll('.wasmnb-mark')]
  .map(one => `${one.textContent} in ${one.closest('.cm-line').textContent}`).sort()"""
RIGHT = ["1 in int z = 1", "y in int x = y;"]
KEYS = """() => {
  const {widgets} = window.jupyterapp.shell.currentWidget.content;
  const long = widgets.find(one => one.model.sharedModel.getSource().includes('f1999'));
  window.reads = window.paints = 0;
  for (const one of widgets) {
    if (one === long) continue;
    const shared = one.model.sharedModel;
    const read = shared.getSource.bind(shared);
    shared.getSource = () => { window.reads += 1; return read(); };
  }
  for (const line of document.querySelectorAll('.wasmnb-status')) {
    new MutationObserver(found => { window.paints += found.length; })
      .observe(line, {attributes: true, characterData: true, childList: true, subtree: true});
  }
  window.said = [];
  const view = long.editor.editor;
  for (let key = 0; key < 20; key += 1) view.dispatch({changes: {from: view.state.doc.length, insert: 'x'}});
  return window.reads;
}"""


def test_marks_stay_right_and_a_key_in_a_long_cell_costs_one_message(notebook):
    opened = notebook(START, BROKEN, LONG, *(f"x = {index}" for index in range(197)), extension=True)
    page = opened.page
    page.evaluate(COUNT)
    opened.run(0)
    opened.run(1)
    page.locator(".wasmnb-mark").nth(1).wait_for(timeout=120_000)
    assert page.evaluate(MARKED) == RIGHT

    # A cell that is moved keeps its marks; one that is made of it has none.
    opened.command("notebook:move-cell-down")
    page.wait_for_function(f"({MARKED})().length === 2")
    opened.command("notebook:move-cell-up")
    opened.command("notebook:duplicate-below")
    page.wait_for_function("window.jupyterapp.shell.currentWidget.content.widgets.length === 201")
    assert page.evaluate(MARKED) == RIGHT
    opened.command("notebook:delete-cell")
    page.evaluate("window.jupyterapp.shell.currentWidget.content.activeCellIndex = 1")
    assert page.evaluate(MARKED) == RIGHT

    # In two halves none stands under another word; neither when they are one again.
    page.evaluate(
        "window.jupyterapp.shell.currentWidget.content.activeCell.editor.setCursorPosition({line: 2, column: 0})"
    )
    opened.command("notebook:split-cell-at-cursor")
    page.wait_for_function("window.jupyterapp.shell.currentWidget.content.widgets.length === 201")
    assert set(page.evaluate(MARKED)) <= set(RIGHT)
    opened.command("notebook:merge-cell-above")
    page.wait_for_function("window.jupyterapp.shell.currentWidget.content.widgets.length === 200")
    assert set(page.evaluate(MARKED)) <= set(RIGHT)

    # Twenty keys in 2,000 lines, among 200 cells: nothing else is read or painted, and the kernel is told once.
    page.evaluate("window.jupyterapp.shell.currentWidget.content.activeCellIndex = 2")
    page.wait_for_function("window.jupyterapp.shell.currentWidget.content.activeCell.editor !== null")
    assert page.evaluate(KEYS) == 0
    page.wait_for_function("window.said.some(one => one.source)", timeout=60_000)
    assert page.evaluate("window.said.length") == 1
    assert page.evaluate("window.said[0].source").endswith("x" * 20)
    assert page.evaluate("window.paints") == 0

    # A cell that is deleted takes its marks along.
    page.evaluate("window.jupyterapp.shell.currentWidget.content.activeCellIndex = 1")
    opened.command("notebook:delete-cell")
    page.wait_for_function(f"({MARKED})().length === 0")


def test_notebook_7_has_it_too(notebook):
    cells = [START, "%%wasm_filter greeter --lang cobol\nint x;", "x = 1"]
    opened = notebook(*cells, width=900, extension=True, app="notebook")
    page = opened.page
    mimes = "window.jupyterapp.shell.currentWidget.content.widgets.map(one => one.model.mimeType)"
    page.wait_for_function(f"{mimes}[1] === 'text/x-wasmnb-cpp'", timeout=60_000)
    assert "wasmnb" not in page.evaluate(mimes)[2]
    opened.run_all()
    line = page.locator(".wasmnb-status")
    line.filter(has_text="failed: ").wait_for(timeout=60_000)
    opened.check_accessible(".wasmnb-status")
    page.locator(".jp-CodeCell .cm-content").nth(1).click()
    page.keyboard.press("Control+End")
    page.keyboard.press("Enter")
    line.filter(has_text="edited since").wait_for(timeout=60_000)
    opened.picture("notebook-7-900")
    # What is wanted by an eye that needs contrast is in the system's colours, and can be told apart without them.
    page.emulate_media(forced_colors="active")
    opened.picture("notebook-7-contrast")
    page.emulate_media(forced_colors="none")
    page.set_viewport_size({"width": 1600, "height": 900})
    opened.theme("Dark")
    opened.check_accessible(".wasmnb-status")
    opened.picture("notebook-7-1600-dark")
