// A cell that is put below another one, for the user to see before it does anything.

import type { Cell } from "@jupyterlab/cells";
import type { NotebookPanel } from "@jupyterlab/notebook";

/** Put a cell below; one that stands there already is gone to. */
export function putBelow(panel: NotebookPanel, cell: Cell, source: string): void {
  const { content } = panel;
  const below = content.widgets.indexOf(cell) + 1;
  if (content.widgets[below]?.model.sharedModel.getSource() !== source) {
    content.model?.sharedModel.insertCell(below, { cell_type: "code", source });
  }
  content.activeCellIndex = below;
  content.mode = "edit";
}
