"""One kernel and several pages, several views of a notebook, several notebooks: each is told its own, and once."""

from __future__ import annotations

import nbformat

from tests.lab.test_cells import edit

START = "%load_ext wasmnb\n%wasm_config ahead=off"
# Refused at once: nothing is compiled.
REFUSED = "%%wasm_filter greeter --lang cobol\nint x;"
MESH = """
from tests.dashboards.simulated import SimulatedMesh
from wasmnb.mesh import Verdict
from wasmnb.session import default
default().use(mesh := SimulatedMesh(2))
"""
KERNEL = "window.jupyterapp.shell.currentWidget.sessionContext.session.kernel"
# Everything that comes and goes by a comm.
COUNT = f"""() => {{
  window.heard = [];
  window.said = [];
  {KERNEL}.anyMessage.connect((_, {{msg, direction}}) => {{
    if (msg.header.msg_type !== 'comm_msg') return;
    (direction === 'send' ? window.said : window.heard).push(msg.content.data);
  }});
}}"""


def test_a_page_is_told_once_however_many_there_are_and_were(notebook):
    opened = notebook(START, REFUSED, "x = 1", extension=True)
    page = opened.page
    other = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(START)])
    other.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3 (ipykernel)"}
    nbformat.write(other, opened.path.parent / "other.ipynb")
    opened.run_all()
    line = page.locator(".jp-NotebookPanel:not(.lm-mod-hidden) .wasmnb-status")
    line.filter(has_text="failed: ").wait_for(timeout=60_000)
    opened.saved()

    # A page that is loaded again, and one beside it, are told what the first one was.
    for _ in range(2):
        opened.again()
        line.filter(has_text="failed: ").wait_for(timeout=60_000)
    beside = opened.again(tab=True)
    beside.page.locator(".wasmnb-status").filter(has_text="failed: ").wait_for(timeout=60_000)
    page.evaluate(COUNT)
    opened.kernel(MESH)
    opened.run(2)
    item = page.locator(".wasmnb-mesh button")
    live = "simulated: header-filter LIVE on 2 pods"
    item.filter(has_text=live).wait_for(timeout=60_000)
    heard = page.evaluate("live => window.heard.filter(one => one.mesh?.text === live).length", live)
    assert heard == 1
    beside.page.locator(".wasmnb-mesh button").filter(has_text="LIVE on 2 pods").wait_for(timeout=60_000)
    beside.page.close()

    # The item in the status bar follows the mesh, and leads by keyboard to the verdicts.
    opened.kernel("mesh.judge('w-0-1', Verdict.TRAPPED, 'its VM crashed')")
    item.filter(has_text="simulated: TRAPPED on w-0-1").wait_for(timeout=60_000)
    assert page.evaluate("window.heard.filter(one => one.mesh?.text.includes('TRAPPED')).length") == 1
    opened.check_accessible(".wasmnb-mesh")
    item.focus()
    page.keyboard.press("Enter")
    page.wait_for_function(
        "window.jupyterapp.shell.currentWidget.content.activeCell.model.sharedModel.getSource() === '%wasm_status'"
    )
    # It shows them; nobody has to run what was put there.
    page.locator(".jp-OutputArea-output").filter(has_text="w-0-1").wait_for(timeout=60_000)
    opened.picture("status-bar")

    # Two views of the notebook: a key is told once, and the line is below both. One that is closed says nothing more.
    opened.command("docmanager:clone")
    page.wait_for_function("document.querySelectorAll('.jp-NotebookPanel .wasmnb-status').length === 2")
    page.evaluate("window.said = []")
    page.evaluate(
        """() => {
             const {model} = window.jupyterapp.shell.currentWidget.content;
             const cell = [...Array(model.cells.length).keys()].map(index => model.cells.get(index).sharedModel)
               .find(one => one.getSource().startsWith('%%wasm_filter'));
             cell.setSource(cell.getSource() + '\\nint y;');
           }"""
    )
    page.wait_for_function("window.said.some(one => one.source)")
    page.wait_for_function(
        """[...document.querySelectorAll('.jp-NotebookPanel .wasmnb-status')]
             .every(one => one.textContent.includes('edited since'))"""
    )
    assert page.evaluate("window.said.filter(one => one.source).length") == 1
    page.evaluate("window.jupyterapp.shell.currentWidget.close()")
    page.wait_for_function("document.querySelectorAll('.jp-NotebookPanel .wasmnb-status').length === 1")

    # Another notebook has a mesh of its own, and its own item while it is in front.
    opened.command("docmanager:open", path="other.ipynb")
    page.wait_for_function("window.jupyterapp.shell.currentWidget?.context?.path === 'other.ipynb'")
    page.wait_for_function(f"{KERNEL}?.status === 'idle'", timeout=120_000)
    item.wait_for(state="hidden")
    opened.kernel("get_ipython().run_line_magic('load_ext', 'wasmnb')" + MESH.replace("Mesh(2)", "Mesh(3)"))
    opened.run(0)
    item.filter(has_text="simulated: header-filter LIVE on 3 pods").wait_for(timeout=60_000)
    opened.command("docmanager:open", path="cells.ipynb")
    item.filter(has_text="TRAPPED").wait_for(timeout=60_000)
    page.wait_for_function("window.jupyterapp.shell.currentWidget?.context?.path === 'cells.ipynb'")

    # A new name changes nothing; a new kernel knows nothing, until it has loaded us.
    page.evaluate("window.jupyterapp.shell.currentWidget.context.rename('renamed.ipynb')")
    page.wait_for_function("window.jupyterapp.shell.currentWidget.context.path === 'renamed.ipynb'")
    opened.kernel("mesh.judge('w-0-1', Verdict.LIVE, '')")
    item.filter(has_text="LIVE on 2 pods").wait_for(timeout=60_000)
    page.evaluate(f"{KERNEL}.restart()")
    line.first.wait_for(state="detached", timeout=60_000)
    item.wait_for(state="hidden")
    page.wait_for_function(f"{KERNEL}?.status === 'idle'", timeout=120_000)
    opened.run(0)
    opened.run(1)
    line.filter(has_text="failed: ").wait_for(timeout=60_000)
    edit(opened, 1, "Enter")
    line.filter(has_text="edited since").wait_for(timeout=60_000)
    page.evaluate("window.heard = []")
    opened.run(1)
    line.filter(has_text="edited since").wait_for(state="detached", timeout=60_000)
    assert page.evaluate("window.heard.flatMap(one => one.cells).length") == 1
