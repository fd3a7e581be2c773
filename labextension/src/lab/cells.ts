// Cells of ours are in their language, whatever happens to them: typed in, moved, or reset when a kernel says its own.

import type { ICodeCellModel } from "@jupyterlab/cells";
import type { INotebookTracker, NotebookPanel } from "@jupyterlab/notebook";
import { languageOf } from "./cell.ts";
import { MIMES, mimeOf } from "./mimes.ts";

/** Follow every notebook that is open, and those that will be. */
export function followNotebooks(tracker: INotebookTracker, follow: (panel: NotebookPanel) => void): void {
  tracker.forEach(follow);
  tracker.widgetAdded.connect((_, panel) => follow(panel));
}

/** Keep the cells of a notebook in their languages. */
export function followNotebook(panel: NotebookPanel): void {
  const followed = new WeakSet<ICodeCellModel>();
  const cells = () => {
    const list = panel.content.model?.cells;
    for (let index = 0; list && index < list.length; index += 1) {
      const cell = list.get(index);
      if (cell.type !== "code" || followed.has(cell)) continue;
      followed.add(cell);
      followCell(cell, () => panel.content.codeMimetype);
    }
  };
  const model = () => {
    panel.content.model?.cells.changed.connect(cells);
    cells();
  };
  panel.content.modelChanged.connect(model);
  model();
}

/** Keep one cell in its language; `usual` is what the notebook's other cells are in. */
export function followCell(cell: ICodeCellModel, usual: () => string): void {
  const settle = () => {
    if (cell.isDisposed) return;
    const language = languageOf(cell.sharedModel.getSource());
    if (language) cell.mimeType = mimeOf(language);
    else if (MIMES.has(cell.mimeType)) cell.mimeType = usual();
  };
  cell.sharedModel.changed.connect((_, change) => {
    if (change.sourceChange) settle();
  });
  cell.mimeTypeChanged.connect(settle);
  settle();
}
