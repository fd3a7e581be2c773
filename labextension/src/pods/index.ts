// The pods of a mesh: a grid that is filtered, sorted and grouped, and the details of one of them.

import { element, sign } from "../dom.ts";
import { liveness } from "../liveness.ts";
import type { PodMessage } from "../messages.ts";
import type { Store } from "../store.ts";
import { type View, widget } from "../view.ts";
import { freshnessText, summary } from "../wording.ts";
import { COLUMNS, pluginsText } from "./columns.ts";
import { Grid } from "./grid.ts";
import { type Item, ordered } from "./order.ts";
import { type Choice, everything, type State, source } from "./state.ts";

function build(store: Store<State>, frame: HTMLElement): View {
  const choice = everything();
  const grid = new Grid(store, choice, again);
  const title = element("span", { class: "title" });
  const status = element("span", { role: "status" });
  const count = element("span", { class: "quiet" });
  const heads = COLUMNS.map((_, index) => heading(index, choice, again));
  const head = element("div", { class: "head", role: "rowgroup" }, element("div", { role: "row" }, ...heads));
  const table = element("div", { class: "grid", role: "grid", "aria-colcount": COLUMNS.length }, head, grid.body);
  const unknown = element("div", { class: "quiet", hidden: true });
  const boxes = [box("only problems", "problems", choice, again), box("group by workload", "grouped", choice, again)];
  const filters = element("div", { class: "bar" }, search(choice, grid, again), ...boxes, count);
  const live = liveness(store);
  frame.append(element("div", { class: "bar" }, title, status, live.mark), filters, table, unknown);
  const fit = fitting(frame);

  function again(): void {
    const { rows, mesh } = store.state;
    // The first rows may come after the view.
    title.textContent = `Pods of ${mesh}`;
    table.setAttribute("aria-label", `Pods of the mesh ${mesh}`);
    const items = ordered(store.state, choice);
    grid.show(items);
    heads.forEach((one, index) => {
      mark(one, index === choice.sort ? choice.down : 0);
    });
    table.setAttribute("aria-rowcount", String(items.length + 1));
    tell(store, status);
    const shown = chosen(items, rows);
    count.textContent = shown.length === rows.size ? "" : `${shown.length} of ${rows.size} shown`;
    fit(shown);
    const uncounted = shown.filter((row) => row.ready && row.rate.requests === null);
    unknown.hidden = !uncounted.length;
    unknown.textContent = uncountedText(uncounted);
    grid.scroll();
  }
  return { paint: again, pulse: live.pulse };
}

function heading(index: number, choice: Choice, again: () => void): HTMLElement {
  const { name, title, number } = COLUMNS[index] ?? { title: "" };
  const sort = () => {
    choice.down = choice.sort === index && choice.down === 1 ? -1 : 1;
    choice.sort = index;
    again();
  };
  const button = element("button", { type: "button", onclick: sort }, title);
  const attributes = { role: "columnheader", "aria-sort": "none", "data-column": name, class: number ? "number" : "" };
  return element("div", attributes, button, element("span", { class: "arrow", "aria-hidden": "true" }));
}

/** Show in a heading how the pods are sorted by it: up, down, or not at all. */
function mark(heading: HTMLElement, down: 1 | -1 | 0): void {
  const [word, arrow] = { "1": ["ascending", "▲"], "-1": ["descending", "▼"], "0": ["none", ""] }[`${down}`];
  heading.setAttribute("aria-sort", word ?? "none");
  heading.lastElementChild?.replaceChildren(arrow ?? "");
}

function box(label: string, name: "problems" | "grouped", choice: Choice, again: () => void): HTMLElement {
  const input = element("input", { type: "checkbox" });
  input.checked = choice[name];
  input.addEventListener("change", () => {
    choice[name] = input.checked;
    again();
  });
  return element("label", {}, input, ` ${label}`);
}

function search(choice: Choice, grid: Grid, again: () => void): HTMLElement {
  const input = element("input", {
    type: "search",
    placeholder: "Filter pods",
    "aria-label": "Filter pods by name, workload, status, plugin or reason",
  });
  input.addEventListener("input", () => {
    choice.filter = input.value;
    grid.rewind();
    again();
  });
  input.addEventListener("keydown", (event) => {
    if (event.key !== "ArrowDown") return;
    event.preventDefault();
    grid.go(grid.at);
  });
  return input;
}

function tell(store: Store<State>, status: HTMLElement): void {
  const rows = [...store.state.rows.values()];
  const stale = freshnessText(store.freshness);
  const text = [summary(rows), stale].filter(Boolean).join("; ");
  if (status.dataset.text === text) return;
  status.dataset.text = text;
  status.className = store.freshness.kind === "stale" ? "stale" : "";
  const good = !stale && rows.some((row) => row.ready) && !rows.some((row) => row.problem);
  status.replaceChildren(good ? sign("✓", "good") : sign("!", "warn"), text);
}

function uncountedText(rows: PodMessage[]): string {
  const pods = rows.length === 1 ? "1 pod" : `${rows.length} pods`;
  return `No request rate for ${pods}: ${rows[0]?.rate.reason || "not measured yet"}.`;
}

/** Columns are as wide as what is in them, as far as there is room. */
function fitting(frame: HTMLElement): (rows: PodMessage[]) => void {
  const measured = document.createElement("canvas").getContext("2d");
  const widest = (texts: string[]) => {
    const longest = texts.reduce((one, other) => (other.length > one.length ? other : one), "");
    return `${Math.ceil(measured?.measureText(longest).width ?? 0) + 4}px`;
  };
  return (rows) => {
    const style = getComputedStyle(frame);
    if (measured) measured.font = `${style.fontSize} ${style.fontFamily}`;
    frame.style.setProperty("--wasmnb-name", widest(rows.map((row) => row.name)));
    frame.style.setProperty("--wasmnb-status", widest(rows.map((row) => row.status)));
    frame.style.setProperty("--wasmnb-plugins", widest(rows.map(pluginsText)));
  };
}

/** The pods that are in the lines, folded away or not. */
function chosen(items: Item[], rows: Map<string, PodMessage>): PodMessage[] {
  const folded = new Set(items.flatMap((item) => (item.kind === "group" && item.folded ? [item.workload] : [])));
  const away = folded.size ? [...rows.values()].filter((row) => folded.has(row.workload)) : [];
  return [...items.flatMap((item) => (item.kind === "pod" ? [item.row] : [])), ...away];
}

export default widget(source, build);
