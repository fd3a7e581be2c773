// One request's answers over time: the table before and after, and a slider over what differed.

import { element, sign } from "./dom.ts";
import { liveness } from "./liveness.ts";
import type { CaptureMessage, HeaderMessage, HeadersMessage, HeadersPaintMessage } from "./messages.ts";
import type { Store } from "./store.ts";
import { type View, widget } from "./view.ts";
import { clock, freshnessText } from "./wording.ts";

interface State {
  entries: CaptureMessage[];
  latest: number;
  title: string;
}

const MARKED = ["added", "changed", "removed"];

function line(row: HeaderMessage, compared: boolean): HTMLElement {
  const code = (text: string | null) => element("td", { class: "code" }, text ?? "");
  const name = element("th", { scope: "row", class: "code" }, row.name);
  const mark = row.sign ? sign(row.sign, row.tone) : "";
  const change = element("td", { class: "change" }, mark, row.change);
  const cells = compared ? [name, code(row.before), code(row.after), change] : [name, code(row.after)];
  return element("tr", { class: MARKED.includes(row.change) ? "marked" : "" }, ...cells);
}

function times(entry: CaptureMessage): string {
  return entry.times === 1
    ? `seen once, ${clock(entry.first)}`
    : `seen ${entry.times} times, ${clock(entry.first)} to ${clock(entry.last)}`;
}

function rows(entry: CaptureMessage, title: string): HTMLElement[] {
  const heads = entry.compared ? ["name", "before", "after", "change"] : ["name", "value"];
  return [
    element("caption", { hidden: true }, title),
    element("thead", {}, element("tr", {}, ...heads.map((one) => element("th", { scope: "col" }, one)))),
    element("tbody", {}, ...entry.rows.map((row) => line(row, entry.compared))),
  ];
}

function build(store: Store<State>, frame: HTMLElement): View {
  let chosen: number | null = null;
  const title = element("span", { class: "title" });
  const status = element("span", { role: "status" });
  const slider = element("input", { type: "range", min: 0, step: 1, "aria-label": "Captures, oldest first" });
  const which = element("span", { class: "quiet" });
  const latest = element("button", { type: "button" }, "latest");
  const table = element("table");
  const notes = element("div");
  const live = liveness(store);
  const bars = [
    [title, status, live.mark],
    [slider, which, latest],
  ].map((parts) => element("div", { class: "bar" }, ...parts));
  frame.append(...bars, table, notes);
  latest.addEventListener("click", () => {
    chosen = null;
    again();
  });
  slider.addEventListener("input", () => {
    const at = Number(slider.value);
    chosen = at === store.state.entries.length - 1 ? null : at;
    again();
  });

  function tell(entry: CaptureMessage | undefined): void {
    const stale = freshnessText(store.freshness);
    const text = [entry?.status ?? "no answer yet", stale].filter(Boolean).join("; ");
    if (status.dataset.text === text) return;
    status.dataset.text = text;
    status.className = store.freshness.kind === "stale" ? "stale" : "";
    const good = !stale && entry?.tone === "good";
    status.replaceChildren(good ? sign("✓", "good") : sign("!", "warn"), text);
  }

  function again(): void {
    const { entries } = store.state;
    const at = chosen ?? store.state.latest;
    const entry = entries[at];
    title.textContent = store.state.title;
    slider.max = String(Math.max(entries.length - 1, 0));
    slider.value = String(at);
    slider.disabled = entries.length < 2;
    latest.hidden = chosen === null;
    tell(entry);
    if (!entry) return;
    which.textContent = `capture ${at + 1} of ${entries.length}, from ${entry.pod}, ${times(entry)}`;
    slider.setAttribute("aria-valuetext", which.textContent);
    table.replaceChildren(...rows(entry, store.state.title));
    notes.replaceChildren(...entry.notes.map((note) => element("p", {}, element("strong", {}, "note"), `: ${note}`)));
  }
  return { paint: again, pulse: live.pulse };
}

export default widget<State, HeadersMessage, HeadersPaintMessage>(
  {
    start: () => ({ entries: [], latest: 0, title: "" }),
    all: (state, told) => Object.assign(state, { entries: told.entries, latest: told.latest, title: told.title }),
    paint: (state, told) => {
      if (told.entry) state.entries[told.latest] = told.entry;
      state.entries.length = told.length;
      state.latest = told.latest;
    },
  },
  build,
);
