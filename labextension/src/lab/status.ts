// Below each cell of a filter, one line that says where the filter stands; never green for a text that did not run.

import type { Cell, ICodeCellModel } from "@jupyterlab/cells";
import type { NotebookPanel } from "@jupyterlab/notebook";
import { element, sign } from "../dom.ts";
import type { ActionMessage, CellMessage, CellsMessage, DraftMessage } from "../messages.ts";
import { putBelow } from "./below.ts";
import { mark } from "./mark.ts";

/** What the line below a cell is found by. */
export const LINE = "wasmnb-status";
const DONE = "wasmnb-done";

/** What the line of a cell says, aside and when the pointer is over it too, and what it offers. */
export interface Standing {
  sign: string;
  tone: string;
  text: string;
  aside: string;
  about: string;
  ready: boolean;
  actions: readonly ActionMessage[];
}

/** Say where a cell stands, given the text that is in it now; null where there is nothing to say. */
export function standing(
  told: CellMessage | undefined,
  draft: DraftMessage | undefined,
  source: string | null,
): Standing | null {
  const text = source === null ? "" : mark(source);
  if (told && text === told.mark) {
    const { sign, tone, text: words, detail: aside, about, actions } = told;
    return { sign, tone, text: words, aside, about, ready: false, actions };
  }
  const tried = draft && draft.mark === text ? draft : undefined;
  if (!told && !tried) return null;
  const words = [told ? "edited since it ran" : "not run yet", tried?.text].filter(Boolean).join(": ");
  const [sign, tone] = tried?.tone === "bad" ? ["✗", "bad"] : told ? ["✎", "warn"] : ["·", "quiet"];
  const actions = told?.actions.filter((one) => one.edited) ?? [];
  const [aside, about] = [told?.still ?? "", tried?.about ?? ""];
  return { sign, tone, text: words, aside, about, ready: tried?.ready ?? false, actions };
}

/** The lines of a notebook. */
export class StatusLines {
  private readonly told = new Map<string, CellMessage>();
  private readonly drafts = new Map<string, DraftMessage>();
  private readonly lines = new WeakMap<Cell, HTMLElement>();

  constructor(private readonly panel: NotebookPanel) {}

  /** Say what is told. */
  take({ cells, drafts }: CellsMessage): void {
    for (const one of cells) this.told.set(one.cell, one);
    for (const one of drafts) this.drafts.set(one.cell, one);
    const ids = new Set([...cells, ...drafts].map((one) => one.cell));
    if (ids.size) this.paint(this.panel.content.widgets.filter((cell) => ids.has(cell.model.id)));
  }

  /** Say nothing any more: the kernel that knew is gone. */
  forget(): void {
    this.told.clear();
    this.drafts.clear();
    this.paint();
  }

  /** A cell is being edited: what is said of it is of another text until it is looked at. */
  edited(model: ICodeCellModel): void {
    const told = this.told.get(model.id);
    if (!told && !this.drafts.has(model.id)) return;
    const cell = this.panel.content.widgets.find((one) => one.model === model);
    if (cell) this.say(cell, standing(told, undefined, null));
  }

  /** Say of cells what is known of the text that is in them. */
  paint(cells: readonly Cell[] = this.panel.content.widgets): void {
    for (const cell of cells) {
      const { id, sharedModel } = cell.model;
      const [told, draft] = [this.told.get(id), this.drafts.get(id)];
      this.say(cell, told || draft ? standing(told, draft, sharedModel.getSource()) : null);
    }
  }

  private say(cell: Cell, now: Standing | null): void {
    const known = this.lines.get(cell);
    if (!now) {
      known?.remove();
      return;
    }
    // JupyterLab takes Enter for its own wherever a cell has the focus, but not where this attribute stands.
    const made = known ?? element("div", { class: LINE, "data-lm-suppress-shortcuts": "true" });
    this.lines.set(cell, made);
    if (!made.isConnected) cell.node.querySelector(":scope > .jp-Cell-inputWrapper")?.after(made);
    const said = JSON.stringify(now);
    if (made.dataset.said === said) return;
    made.dataset.said = said;
    made.dataset.ready = String(now.ready);
    const words = made.querySelector("[role=status]") ?? element("span", { role: "status" });
    words.replaceChildren(sign(now.sign, now.tone), element("span", {}, now.text));
    if (now.aside) words.append(element("span", { class: "wasmnb-aside" }, ` · ${now.aside}`));
    made.title = now.about;
    // What was put below was said of how it stood then.
    made.querySelector(`.${DONE}`)?.replaceChildren();
    // A button that has the focus is not taken away for another one of the same.
    const offered = JSON.stringify(now.actions);
    if (made.dataset.offered === offered) return;
    made.dataset.offered = offered;
    const done = element("span", { role: "status", class: DONE });
    made.replaceChildren(words, ...now.actions.map((action) => this.button(cell, action, done)), done);
  }

  private button(cell: Cell, { label, source }: ActionMessage, done: HTMLElement): HTMLElement {
    const title = `put this in a cell below, to be run: ${source.split("\n")[0]}`;
    const onclick = () => done.replaceChildren(putBelow(this.panel, cell, source));
    const arrow = element("span", { "aria-hidden": "true" }, " ↓");
    return element("button", { type: "button", title, onclick }, label, arrow);
  }
}
