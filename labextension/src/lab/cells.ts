// Cells of ours are in their language, whatever happens to them: typed in, moved, or reset when a kernel says its own.

import type { ICodeCellModel } from "@jupyterlab/cells";
import type { INotebookTracker, NotebookModel, NotebookPanel } from "@jupyterlab/notebook";
import { languageOf } from "./cell.ts";
import { MIMES, mimeOf } from "./mimes.ts";
import { PAUSE } from "./typing.ts";
import { Undo } from "./undo.ts";

/** Follow every notebook that is open, and those that will be. */
export function followNotebooks(tracker: INotebookTracker, follow: (panel: NotebookPanel) => void): void {
  tracker.forEach(follow);
  tracker.widgetAdded.connect((_, panel) => follow(panel));
}

/** Follow every code cell of a notebook, and those that will be, once each, for as long as it is there. */
export function followCells(
  model: NotebookModel,
  undo: Undo,
  follow: (cell: ICodeCellModel, undo: Undo) => void,
): void {
  const followed = new Map<ICodeCellModel, Undo>();
  const look = () => {
    const there = new Set<ICodeCellModel>();
    for (let index = 0; index < model.cells.length; index += 1) {
      const cell = model.cells.get(index);
      if (cell.type !== "code") continue;
      there.add(cell);
      if (followed.has(cell)) continue;
      const own = new Undo();
      followed.set(cell, own);
      follow(cell, own);
    }
    for (const [cell, own] of followed) {
      if (there.has(cell)) continue;
      followed.delete(cell);
      own.run();
    }
  };
  undo.connect(model.cells.changed, look);
  undo.add(() => {
    for (const own of followed.values()) own.run();
    followed.clear();
  });
  look();
}

/** Keep the cells of a notebook in their languages. */
export function followNotebook(panel: NotebookPanel): void {
  let undo = new Undo();
  const model = () => {
    undo.run();
    undo = new Undo();
    const found = panel.content.model;
    if (found) followCells(found, undo, (cell, own) => followCell(cell, own, () => panel.content.codeMimetype));
  };
  panel.content.modelChanged.connect(model);
  panel.disposed.connect(() => undo.run());
  model();
}

/** Keep one cell in its language; `usual` is what the notebook's other cells are in. */
export function followCell(cell: ICodeCellModel, undo: Undo, usual: () => string): void {
  let clock: ReturnType<typeof setTimeout>;
  const settle = () => {
    if (cell.isDisposed) return;
    const language = languageOf(cell.sharedModel.getSource());
    if (language) cell.mimeType = mimeOf(language);
    else if (MIMES.has(cell.mimeType)) cell.mimeType = usual();
  };
  undo.connect(cell.sharedModel.changed, (_, change) => {
    if (!change.sourceChange) return;
    // To guess a language takes as long as the cell is.
    clearTimeout(clock);
    clock = setTimeout(settle, PAUSE);
  });
  undo.connect(cell.mimeTypeChanged, settle);
  undo.add(() => clearTimeout(clock));
  settle();
}
