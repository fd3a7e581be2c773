// Below each cell of a filter, one line that says where the filter stands; never green for a text that did not run.

import type { Cell } from "@jupyterlab/cells";
import type { NotebookPanel } from "@jupyterlab/notebook";
import { element, sign } from "../dom.ts";
import type { CellMessage } from "../messages.ts";
import { Link } from "./link.ts";
import { mark } from "./mark.ts";

/** What the line of a cell says. */
export interface Standing {
  sign: string;
  tone: string;
  text: string;
}

/** Say where a cell stands, given the text that is in it now. */
export function standing(told: CellMessage, source: string): Standing {
  const same = mark(source) === told.mark;
  const text = [told.text, told.detail].filter(Boolean).join(" · ");
  if (same) return { sign: told.sign, tone: told.tone, text };
  return { sign: "✎", tone: "warn", text: `edited since; run it to update. Before: ${text}` };
}

/** The lines of a notebook. */
export class StatusLines {
  private readonly told = new Map<string, CellMessage>();
  private readonly lines = new WeakMap<Cell, HTMLElement>();
  private readonly followed = new WeakSet<Cell["model"]>();

  constructor(private readonly panel: NotebookPanel) {
    new Link(
      panel,
      ({ cells }) => {
        for (const cell of cells) this.told.set(cell.cell, cell);
        this.paint();
      },
      () => {
        this.told.clear();
        this.paint();
      },
    );
    panel.content.model?.cells.changed.connect(() => this.paint());
  }

  private paint(): void {
    for (const cell of this.panel.content.widgets) this.line(cell);
  }

  private line(cell: Cell): void {
    const told = this.told.get(cell.model.id);
    const known = this.lines.get(cell);
    if (!told) {
      known?.remove();
      return;
    }
    const made = known ?? element("div", { class: "wasmnb-status", role: "status" });
    this.lines.set(cell, made);
    if (!made.isConnected) cell.node.querySelector(":scope > .jp-Cell-inputWrapper")?.after(made);
    const { sign: mark, tone, text } = standing(told, cell.model.sharedModel.getSource());
    if (made.dataset.text !== text) {
      made.dataset.text = text;
      made.replaceChildren(sign(mark, tone), element("span", {}, text));
    }
    if (this.followed.has(cell.model)) return;
    this.followed.add(cell.model);
    cell.model.sharedModel.changed.connect(() => this.line(cell));
  }
}
