// A cell that is put below another one, for the user to see before it does anything.

import type { Cell } from "@jupyterlab/cells";
import type { NotebookPanel } from "@jupyterlab/notebook";
import { ABOVE, lineEnd } from "./cell.ts";

/** Put a cell below, and say so in words; one that stands there already is gone to. */
export function putBelow(panel: NotebookPanel, cell: Cell, source: string): string {
  const { content } = panel;
  const below = content.widgets.indexOf(cell) + 1;
  const there = content.widgets[below]?.model.sharedModel.getSource() === source;
  if (!there) content.model?.sharedModel.insertCell(below, { cell_type: "code", source });
  goTo(panel, below);
  return `${firstLine(source)} ${there ? "is in the cell below already" : "was put in the cell below"}; ${RUNS}`;
}

/** Put the cell with a filter's cases below, or in place of the one that holds the cases of before; say so in words. */
export function putCases(panel: NotebookPanel, cell: Cell, source: string, before: string): string {
  const cells = panel.content.widgets;
  const first = firstLine(source);
  const index = before.trim()
    ? cells.findIndex((one) => {
        const text = one.model.sharedModel.getSource();
        const [head, body] = parts(text);
        return (head === first || head.startsWith(`${first} `)) && body.trim() === before.trim();
      })
    : -1;
  const found = cells[index];
  if (!found) return putBelow(panel, cell, source);
  const shared = found.model.sharedModel;
  const [head, , above] = parts(shared.getSource());
  shared.setSource(`${above}${head}\n${parts(source)[1].trim()}`);
  goTo(panel, index);
  return `added to the cell ${first} ${index > cells.indexOf(cell) ? "below" : "above"}; ${RUNS}`;
}

const TOP = new RegExp(ABOVE);
const RUNS = "Shift Enter runs it";

function goTo(panel: NotebookPanel, index: number): void {
  // Else Shift Enter would run the cells that are selected, too.
  panel.content.deselectAll();
  panel.content.activeCellIndex = index;
  panel.content.mode = "edit";
}

function firstLine(source: string): string {
  return parts(source)[0];
}

/** The line of the magic, what stands below it, and what above. */
function parts(source: string): [first: string, rest: string, above: string] {
  const above = TOP.exec(source)?.[0] ?? "";
  const end = lineEnd(source, above.length);
  return [source.slice(above.length, end).trimEnd(), source.slice(end + 1), above];
}
