// The marks of a notebook's cells: each is shown in the text that it was made for, once that has an editor.

import type { Cell } from "@jupyterlab/cells";
import type { NotebookPanel } from "@jupyterlab/notebook";
import type { MarksMessage } from "../messages.ts";
import { languageOf } from "./cell.ts";
import { mark } from "./mark.ts";
import { clear, prepare, show } from "./squiggles.ts";

/** Keeps what was told of each cell. */
export class Marks {
  private readonly told = new Map<string, Map<string, MarksMessage>>();

  constructor(private readonly panel: NotebookPanel) {}

  /** Show what is told. */
  take(told: readonly MarksMessage[]): void {
    for (const one of told) {
      const kinds = this.told.get(one.cell) ?? new Map<string, MarksMessage>();
      this.told.set(one.cell, kinds.set(one.kind, one));
      const cell = this.panel.content.widgets.find(({ model }) => model.id === one.cell);
      const view = cell?.editor?.editor;
      if (cell && view && mark(cell.model.sharedModel.getSource()) === one.mark) show(view, one);
    }
  }

  /** Show what is known of a cell that is new here, when it has an editor. */
  follow(cell: Cell): void {
    void cell.ready.then(() => this.paint(cell));
    cell.inViewportChanged.connect(() => void cell.ready.then(() => this.paint(cell)));
  }

  /** Show nothing any more: the kernel that knew is gone. */
  forget(): void {
    this.told.clear();
    for (const cell of this.panel.content.widgets) {
      if (cell.editor) clear(cell.editor.editor);
    }
  }

  /** Show in a cell what is known of the text that is in it: what was told of it before may be true again. */
  paint(cell: Cell): void {
    const view = cell.editor?.editor;
    if (cell.isDisposed || !view) return;
    const source = cell.model.sharedModel.getSource();
    if (languageOf(source)) prepare(view);
    const kinds = this.told.get(cell.model.id);
    if (!kinds) return;
    const text = mark(source);
    for (const one of kinds.values()) if (one.mark === text) show(view, one);
  }
}
