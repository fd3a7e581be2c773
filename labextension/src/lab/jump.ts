// An output that names a line of its own cell has a link that puts the cursor there.

import type { Cell } from "@jupyterlab/cells";
import type { NotebookPanel } from "@jupyterlab/notebook";
import { element } from "../dom.ts";
import { languageOf } from "./cell.ts";

const PLACE = /\bcell line (\d+)(?:, column (\d+))?/g;

/** Give the places in a cell's outputs links, as they come. */
export async function linkLines(panel: NotebookPanel, cell: Cell): Promise<void> {
  await cell.ready;
  const area = cell.node.querySelector(".jp-Cell-outputWrapper");
  if (!area || cell.isDisposed) return;
  const link = () => {
    if (languageOf(cell.model.sharedModel.getSource())) linkIn(area, (line, column) => jump(panel, cell, line, column));
  };
  const observer = new MutationObserver(link);
  observer.observe(area, { childList: true, subtree: true });
  cell.disposed.connect(() => observer.disconnect());
  link();
}

/** Put the cursor on a line of a cell. */
export function jump(panel: NotebookPanel, cell: Cell, line: number, column = 1): void {
  panel.content.activeCellIndex = panel.content.widgets.indexOf(cell);
  panel.content.mode = "edit";
  const place = { line: line - 1, column: column - 1 };
  cell.editor?.setCursorPosition(place);
  cell.editor?.revealPosition(place);
  cell.editor?.focus();
}

function linkIn(area: Element, go: (line: number, column: number) => void): void {
  const walker = document.createTreeWalker(area, NodeFilter.SHOW_TEXT);
  const found: Text[] = [];
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const text = node as Text;
    if (text.data.includes("cell line ") && !text.parentElement?.closest("a, button, summary")) found.push(text);
  }
  for (const text of found) {
    const parts: (string | Node)[] = [];
    let end = 0;
    for (const match of text.data.matchAll(PLACE)) {
      const [line, column] = [Number(match[1]), Number(match[2] ?? 1)];
      const onclick = (event: Event) => {
        event.preventDefault();
        go(line, column);
      };
      const title = `put the cursor on line ${line}`;
      parts.push(text.data.slice(end, match.index));
      parts.push(element("a", { class: "wasmnb-jump", href: "#", title, onclick }, match[0]));
      end = match.index + match[0].length;
    }
    if (parts.length) text.replaceWith(...parts, text.data.slice(end));
  }
}
