// Cells of ours are in their language, whatever happens to them: typed in, moved, or reset when a kernel says its own.

import type { ICodeCellModel } from "@jupyterlab/cells";
import type { INotebookTracker, NotebookPanel } from "@jupyterlab/notebook";
import { languageOf } from "./cell.ts";
import { MIMES, mimeOf } from "./mimes.ts";
import { PAUSE } from "./typing.ts";

/** Follow every notebook that is open, and those that will be. */
export function followNotebooks(tracker: INotebookTracker, follow: (panel: NotebookPanel) => void): void {
  tracker.forEach(follow);
  tracker.widgetAdded.connect((_, panel) => follow(panel));
}

/** Follow every code cell of a notebook, and those that will be, once each. */
export function followCells(panel: NotebookPanel, follow: (cell: ICodeCellModel) => void): void {
  const followed = new WeakSet<ICodeCellModel>();
  const cells = () => {
    const list = panel.content.model?.cells;
    for (let index = 0; list && index < list.length; index += 1) {
      const cell = list.get(index);
      if (cell.type !== "code" || followed.has(cell)) continue;
      followed.add(cell);
      follow(cell);
    }
  };
  const model = () => {
    panel.content.model?.cells.changed.connect(cells);
    cells();
  };
  panel.content.modelChanged.connect(model);
  model();
}

/** Keep the cells of a notebook in their languages. */
export function followNotebook(panel: NotebookPanel): void {
  followCells(panel, (cell) => followCell(cell, () => panel.content.codeMimetype));
}

/** Keep one cell in its language; `usual` is what the notebook's other cells are in. */
export function followCell(cell: ICodeCellModel, usual: () => string): void {
  let clock: ReturnType<typeof setTimeout>;
  const settle = () => {
    if (cell.isDisposed) return;
    const language = languageOf(cell.sharedModel.getSource());
    if (language) cell.mimeType = mimeOf(language);
    else if (MIMES.has(cell.mimeType)) cell.mimeType = usual();
  };
  cell.sharedModel.changed.connect((_, change) => {
    if (!change.sourceChange) return;
    // To guess a language takes as long as the cell is.
    clearTimeout(clock);
    clock = setTimeout(settle, PAUSE);
  });
  cell.mimeTypeChanged.connect(settle);
  settle();
}
