// A grid that has only the lines in sight, however many there are.

import { element } from "../dom.ts";
import type { Store } from "../store.ts";
import { age } from "../wording.ts";
import { COLUMNS, cells, type PodCell } from "./columns.ts";
import type { Item } from "./order.ts";
import type { State } from "./state.ts";

const HEIGHT = 28;
const SPARE = 6;
const ROOM = 420;

interface Line {
  made: HTMLElement;
  item?: unknown;
  state?: string;
}

/** The lines of a grid, one of which has the focus. */
export class Grid {
  at = 0;
  chosen: string | null = null;
  readonly body: HTMLElement;
  private items: Item[] = [];
  private readonly lines = new Map<string, Line>();
  private readonly space = element("div", { role: "presentation" });

  constructor(
    private readonly store: Store<State>,
    private readonly again: () => void,
  ) {
    this.body = element("div", { class: "body", role: "rowgroup" }, this.space);
    this.body.addEventListener("scroll", () => this.scroll());
    this.body.addEventListener("keydown", (event) => this.press(event));
  }

  /** Show other lines; the focus stays on its line, wherever that went. */
  show(items: Item[]): void {
    const held = this.items[this.at]?.key;
    this.items = items;
    const moved = items.findIndex((item) => item.key === held);
    this.at = moved >= 0 ? moved : Math.min(this.at, Math.max(items.length - 1, 0));
    this.space.style.height = `${items.length * HEIGHT}px`;
  }

  /** Begin at the first line. */
  rewind(): void {
    this.at = 0;
    this.body.scrollTop = 0;
  }

  /** Go to a line; with `choose`, choose its pod, or let go of it. */
  go(index: number, choose = false): void {
    if (index < 0 || !this.items.length) return;
    this.at = Math.min(index, this.items.length - 1);
    this.reveal(this.at * HEIGHT);
    const item = this.items[this.at];
    const pod = item?.kind === "pod" ? item.key : item?.kind === "why" ? item.of : null;
    if (choose && pod) this.chosen = this.chosen === pod ? null : pod;
    this.again();
    if (item) this.lines.get(item.key)?.made.focus({ preventScroll: true });
  }

  /** Put the lines in sight into the page, and take the others out. */
  scroll(): void {
    const first = Math.max(Math.floor(this.body.scrollTop / HEIGHT) - SPARE, 0);
    const seen = Math.ceil((this.body.clientHeight || ROOM) / HEIGHT) + 2 * SPARE;
    const shown = this.items.slice(first, first + seen).map((item, offset) => ({ item, index: first + offset }));
    const focused = this.items[this.at];
    if (focused && (this.at < first || this.at >= first + seen)) shown.push({ item: focused, index: this.at });
    const kept = new Set(shown.map(({ item }) => item.key));
    for (const [key, { made }] of this.lines) {
      if (kept.has(key)) continue;
      made.remove();
      this.lines.delete(key);
    }
    for (const { item, index } of shown) {
      const made = this.fill(item, index);
      if (!made.isConnected) this.body.append(made);
    }
  }

  private reveal(top: number): void {
    const { scrollTop, clientHeight } = this.body;
    if (top < scrollTop) this.body.scrollTop = top;
    else if (top + HEIGHT > scrollTop + clientHeight) this.body.scrollTop = top + HEIGHT - clientHeight;
  }

  private press(event: KeyboardEvent): void {
    const page = Math.max(Math.floor(this.body.clientHeight / HEIGHT) - 1, 1);
    const moves: Record<string, () => void> = {
      ArrowDown: () => this.go(this.at + 1),
      ArrowUp: () => this.go(Math.max(this.at - 1, 0)),
      Home: () => this.go(0),
      End: () => this.go(this.items.length - 1),
      PageDown: () => this.go(this.at + page),
      PageUp: () => this.go(Math.max(this.at - page, 0)),
      Enter: () => this.go(this.at, true),
      " ": () => this.go(this.at, true),
      Escape: () => {
        this.chosen = null;
        this.again();
      },
    };
    const move = moves[event.key];
    if (!move) return;
    event.preventDefault();
    move();
  }

  private fill(item: Item, index: number): HTMLElement {
    const line = this.lines.get(item.key) ?? this.line(item);
    const told = item.kind === "pod" ? item.row : item.kind;
    const state = this.state(item);
    if (line.item !== told || line.state !== state) {
      line.made.replaceChildren(...this.cells(item));
      line.item = told;
      line.state = state;
    }
    line.made.style.top = `${index * HEIGHT}px`;
    line.made.setAttribute("aria-rowindex", String(index + 2));
    line.made.setAttribute("aria-selected", String(item.key === this.chosen));
    line.made.tabIndex = index === this.at ? 0 : -1;
    return line.made;
  }

  private line(item: Item): Line {
    const go = () =>
      this.go(
        this.items.findIndex((one) => one.key === item.key),
        true,
      );
    const made = element("div", {
      role: "row",
      class: item.kind === "pod" ? "" : item.kind,
      tabindex: -1,
      onclick: go,
    });
    const line = { made };
    this.lines.set(item.key, line);
    return line;
  }

  /** What a line shows besides the pod itself: it is only filled anew when this, or the pod, is another one. */
  private state(item: Item): string {
    if (item.kind === "pod") return `${this.store.freshness.kind}${age(item.row.started, Date.now() / 1000)}`;
    return item.kind === "why" ? item.text : `${item.count}/${item.ready}`;
  }

  private cells(item: Item): HTMLElement[] {
    if (item.kind === "pod") return cells(this.store, item.row).map(gridcell);
    const text = item.kind === "why" ? item.text : `${item.workload}: ${item.ready} of ${item.count} ready`;
    return [gridcell({ parts: [text] }, 0, [])];
  }
}

function gridcell({ parts, full }: PodCell, column: number, all: unknown[]): HTMLElement {
  const number = all.length > 0 && COLUMNS[column]?.number;
  const made = element(
    "div",
    { role: "gridcell", "aria-colindex": column + 1, class: number ? "number" : "" },
    ...parts,
  );
  const title = full ?? (number ? "" : made.textContent);
  if (title) made.title = title;
  return made;
}
