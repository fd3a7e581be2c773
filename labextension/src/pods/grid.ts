// A grid that has only the lines in sight, however many there are; one of them may be higher than the others.

import { element } from "../dom.ts";
import type { Store } from "../store.ts";
import { age } from "../wording.ts";
import { COLUMNS, cells, type PodCell } from "./columns.ts";
import { detail } from "./detail.ts";
import type { Item } from "./order.ts";
import type { Choice, State } from "./state.ts";

const HEIGHT = 28;
const SPARE = 6;
const ROOM = 420;

interface Line {
  made: HTMLElement;
  told?: unknown;
  state?: string;
}

/** The lines of a grid, one of which has the focus. */
export class Grid {
  at = 0;
  readonly body: HTMLElement;
  private items: Item[] = [];
  private readonly lines = new Map<string, Line>();
  private readonly space = element("div", { role: "presentation" });
  /** Where the details stand, and how much higher than other lines they are. */
  private open = -1;
  private higher = 0;

  constructor(
    private readonly store: Store<State>,
    private readonly choice: Choice,
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
    this.open = items.findIndex((item) => item.kind === "detail");
    if (this.open < 0) this.higher = 0;
    this.stretch();
  }

  /** Begin at the first line. */
  rewind(): void {
    this.at = 0;
    this.body.scrollTop = 0;
  }

  /** Go to a line; with `choose`, open its details or fold its group, or the other way round. */
  go(index: number, choose = false): void {
    const item = this.items[Math.min(index, this.items.length - 1)];
    if (index < 0 || !item) return;
    this.at = Math.min(index, this.items.length - 1);
    if (choose) this.choose(item);
    this.reveal(this.at);
    this.again();
    if (choose && this.open >= 0) this.reveal(this.open);
    this.lines.get(item.key)?.made.focus({ preventScroll: true });
  }

  /** Put the lines in sight into the page, and take the others out. */
  scroll(): void {
    const first = Math.max(this.index(this.body.scrollTop) - SPARE, 0);
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
    this.measure();
  }

  private choose(item: Item): void {
    const { folded, pod } = this.choice;
    if (item.kind === "group") {
      if (!folded.delete(item.workload)) folded.add(item.workload);
      return;
    }
    if (item.kind === "detail") return;
    const name = item.kind === "pod" ? item.key : item.of;
    this.choice.pod = pod === name ? null : name;
  }

  private top(index: number): number {
    return index * HEIGHT + (this.open >= 0 && index > this.open ? this.higher : 0);
  }

  private index(top: number): number {
    const open = this.top(this.open);
    if (this.open < 0 || top < open) return Math.floor(top / HEIGHT);
    return Math.max(Math.floor((top - this.higher) / HEIGHT), this.open);
  }

  private stretch(): void {
    this.space.style.height = `${this.top(this.items.length)}px`;
  }

  /** Only the page knows how high the details are; what stands below them moves. */
  private measure(): void {
    const item = this.items[this.open];
    const made = item && this.lines.get(item.key)?.made;
    const higher = made?.isConnected ? made.offsetHeight - HEIGHT : this.higher;
    if (higher === this.higher) return;
    this.higher = higher;
    this.stretch();
    this.items.forEach(({ key }, index) => {
      const line = this.lines.get(key);
      if (line) line.made.style.top = `${this.top(index)}px`;
    });
  }

  private reveal(index: number): void {
    const { scrollTop, clientHeight } = this.body;
    const [top, end] = [this.top(index), this.top(index + 1)];
    if (top < scrollTop) this.body.scrollTop = top;
    else if (end > scrollTop + clientHeight) this.body.scrollTop = Math.min(end - clientHeight, top);
  }

  private press(event: KeyboardEvent): void {
    const inside = event.target instanceof HTMLButtonElement;
    if (inside && event.key !== "Escape") return;
    const page = Math.max(Math.floor(this.body.clientHeight / HEIGHT) - 1, 1);
    const item = this.items[this.at];
    const fold = (wanted: boolean) => {
      if (item?.kind === "group" && item.folded !== wanted) this.go(this.at, true);
    };
    const moves: Record<string, () => void> = {
      ArrowDown: () => this.go(this.at + 1),
      ArrowUp: () => this.go(Math.max(this.at - 1, 0)),
      ArrowLeft: () => fold(true),
      ArrowRight: () => fold(false),
      Home: () => this.go(0),
      End: () => this.go(this.items.length - 1),
      PageDown: () => this.go(this.at + page),
      PageUp: () => this.go(Math.max(this.at - page, 0)),
      Enter: () => this.go(this.at, true),
      " ": () => this.go(this.at, true),
      Escape: () => this.close(),
    };
    const move = moves[event.key];
    if (!move) return;
    event.preventDefault();
    move();
  }

  private close(): void {
    const pod = this.choice.pod;
    this.choice.pod = null;
    const at = this.items.findIndex((item) => item.key === pod);
    if (at >= 0) this.go(at);
  }

  private fill(item: Item, index: number): HTMLElement {
    const line = this.lines.get(item.key) ?? this.line(item);
    const told = "row" in item ? item.row : item.kind;
    const state = this.state(item);
    if (line.told !== told || line.state !== state) {
      line.made.replaceChildren(...this.cells(item));
      line.told = told;
      line.state = state;
    }
    line.made.style.top = `${this.top(index)}px`;
    line.made.setAttribute("aria-rowindex", String(index + 2));
    line.made.setAttribute("aria-selected", String(item.kind === "pod" && item.key === this.choice.pod));
    line.made.tabIndex = index === this.at ? 0 : -1;
    return line.made;
  }

  private line(item: Item): Line {
    const made = element("div", { role: "row", class: item.kind === "pod" ? "" : item.kind, tabindex: -1 });
    const choose = () => {
      const at = this.items.findIndex((one) => one.key === item.key);
      this.go(at, true);
    };
    // What is in the details is there to be selected and copied.
    if (item.kind !== "detail") made.addEventListener("click", choose);
    const line = { made };
    this.lines.set(item.key, line);
    return line;
  }

  /** What a line shows besides the pod itself: it is only filled anew when this, or the pod, is another one. */
  private state(item: Item): string {
    if ("row" in item) return `${this.store.freshness.kind}${age(item.row.started, Date.now() / 1000)}`;
    return item.kind === "why" ? item.text : `${item.ready}/${item.count}/${item.shown}/${item.folded}`;
  }

  private cells(item: Item): HTMLElement[] {
    if (item.kind === "pod") return cells(this.store, item.row).map(gridcell);
    if (item.kind === "detail") return [element("div", { role: "gridcell" }, detail(this.store, item.row))];
    if (item.kind === "why") return [element("div", { role: "gridcell", title: item.text }, item.text)];
    const counts = `${item.workload}: ${item.ready} of ${item.count} ready`;
    const some = item.shown < item.count ? `, ${item.shown} shown` : "";
    const fold = element("button", { type: "button", tabindex: -1, "aria-expanded": String(!item.folded) });
    fold.append(element("span", { class: "fold", "aria-hidden": "true" }, item.folded ? "▸" : "▾"), counts + some);
    return [element("div", { role: "gridcell" }, fold)];
  }
}

function gridcell({ parts, full }: PodCell, index: number): HTMLElement {
  const column = COLUMNS[index];
  const kind = column?.number ? "number" : "";
  const attributes = { role: "gridcell", "aria-colindex": index + 1, "data-column": column?.name, class: kind };
  const made = element("div", attributes, ...parts);
  const title = full ?? (kind ? "" : made.textContent);
  if (title) made.title = title;
  return made;
}
