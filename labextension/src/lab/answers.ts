// Below each response that a cell shows, buttons that make a case of it; the kernel writes the case.

import type { Cell } from "@jupyterlab/cells";
import type { NotebookPanel } from "@jupyterlab/notebook";
import { element } from "../dom.ts";
import type { AnswerMessage, CaseMessage, CellsMessage, SaveMessage } from "../messages.ts";
import { putCases } from "./below.ts";

/** What the row of buttons below a cell is found by. */
export const ROW = "wasmnb-answer";

/** The buttons of a notebook. */
export class Answers {
  private readonly told = new Map<string, AnswerMessage>();
  private readonly rows = new WeakMap<Cell, HTMLElement>();

  constructor(
    private readonly panel: NotebookPanel,
    private readonly send: (message: SaveMessage) => boolean,
  ) {}

  /** Offer what is told, and put the cells that were asked for below their responses. */
  take({ answers, cases }: CellsMessage): void {
    for (const one of answers) this.told.set(one.cell, one);
    if (answers.length) this.paint();
    for (const one of cases) this.made(one);
  }

  /** Offer nothing any more: the kernel that knew is gone. */
  forget(): void {
    this.told.clear();
    this.paint();
  }

  /** Have below each cell what may be made of its response. */
  paint(): void {
    for (const cell of this.panel.content.widgets) {
      const filters = this.told.get(cell.model.id)?.filters ?? [];
      const row = this.rows.get(cell);
      if (!filters.length) {
        row?.remove();
        this.rows.delete(cell);
      } else this.offer(cell, row ?? element("div", { class: ROW, "data-lm-suppress-shortcuts": "true" }), filters);
    }
  }

  private offer(cell: Cell, row: HTMLElement, filters: readonly string[]): void {
    this.rows.set(cell, row);
    if (!row.isConnected) cell.node.querySelector(":scope > .jp-Cell-outputWrapper")?.after(row);
    const offered = filters.join(" ");
    if (row.dataset.offered === offered) return;
    row.dataset.offered = offered;
    row.replaceChildren(
      ...filters.map((filter) => this.button(cell, row, filter)),
      element("span", { role: "status", class: "wasmnb-problem" }),
    );
  }

  private button(cell: Cell, row: HTMLElement, filter: string): HTMLElement {
    const title = `put %%wasm_test ${filter} below, with this request and this response as a case`;
    const pressed = () => {
      if (row.getAttribute("aria-busy") || !this.send({ cell: cell.model.id, filter })) return;
      row.setAttribute("aria-busy", "true");
      say(row, "the filter is run with it …");
    };
    return element("button", { type: "button", title, onclick: pressed }, `Save as a test of ${filter}`);
  }

  private made({ cell: id, before, source, problem }: CaseMessage): void {
    const cell = this.panel.content.widgets.find((one) => one.model.id === id);
    const row = cell && this.rows.get(cell);
    // Every page is told; the case is put where the button was pressed.
    if (!cell || !row?.hasAttribute("aria-busy")) return;
    row.removeAttribute("aria-busy");
    say(row, source ? putCases(this.panel, cell, source, before) : problem);
  }
}

function say(row: HTMLElement, text: string): void {
  row.querySelector("[role=status]")?.replaceChildren(text);
}
