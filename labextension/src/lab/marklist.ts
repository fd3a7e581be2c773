// All that is marked in a cell, below its editor, for those who go by keys: to the words, or to what is suggested.

import { type Action, type Diagnostic, forEachDiagnostic } from "@codemirror/lint";
import type { EditorView } from "@codemirror/view";
import type { Cell } from "@jupyterlab/cells";
import { element } from "../dom.ts";

/** What the list is found by. */
export const LIST = "wasmnb-marks";

/** Put the list below a cell, with the focus in it, until that leaves it; false where nothing is marked. */
export function listMarks(cell: Cell): boolean {
  const view = cell.editor?.editor;
  if (!view) return false;
  const found = marked(view);
  if (!found.length) return false;
  // JupyterLab takes Enter for its own wherever a cell has the focus, but not where this attribute stands.
  const attributes = { class: LIST, role: "group", "aria-label": "what is marked in the cell" };
  const list = element("div", { ...attributes, "data-lm-suppress-shortcuts": "true" });
  const leave = () => {
    // That removes it, unless the focus was elsewhere.
    view.focus();
    list.remove();
  };
  list.append(element("ul", {}, ...found.map((one) => item(view, one, leave))));
  list.addEventListener("focusout", ({ relatedTarget }) => {
    if (!list.contains(relatedTarget as Node | null)) list.remove();
  });
  list.addEventListener("keydown", ({ key }) => {
    if (key === "Escape") leave();
  });
  cell.node.querySelector(":scope > .jp-Cell-inputWrapper")?.after(list);
  list.querySelector("button")?.focus();
  return true;
}

function item(view: EditorView, { diagnostic, from }: Marked, leave: () => void): HTMLElement {
  const go = () => {
    leave();
    const now = marked(view).find((one) => one.diagnostic === diagnostic);
    if (now) view.dispatch({ selection: { anchor: now.from, head: now.to }, scrollIntoView: true });
  };
  const apply = (action: Action) => {
    leave();
    const now = marked(view).find((one) => one.diagnostic === diagnostic);
    if (now) action.apply(view, now.from, now.to);
  };
  const words = `line ${view.state.doc.lineAt(from).number}: ${diagnostic.message}`;
  const actions = (diagnostic.actions ?? []).map((action) =>
    element("button", { type: "button", onclick: () => apply(action) }, action.name),
  );
  return element("li", {}, element("button", { type: "button", onclick: go }, words), ...actions);
}

interface Marked {
  diagnostic: Diagnostic;
  from: number;
  to: number;
}

function marked(view: EditorView): Marked[] {
  const found: Marked[] = [];
  forEachDiagnostic(view.state, (diagnostic, from, to) => found.push({ diagnostic, from, to }));
  return found.sort((one, other) => one.from - other.from);
}
