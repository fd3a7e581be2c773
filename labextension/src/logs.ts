// The last lines of a log while it grows: what they say in a table, what was written behind a fold.

import { element, sign } from "./dom.ts";
import { liveness } from "./liveness.ts";
import type { LogLineMessage, LogMessage, LogPaintMessage } from "./messages.ts";
import type { Store } from "./store.ts";
import { type View, widget } from "./view.ts";
import { freshnessText } from "./wording.ts";

interface State {
  lines: LogLineMessage[];
  title: string;
}

const HEADS = ["time (UTC)", "level", "plugin", "cell line", "message"];
const NEAR = 24;

function row(line: LogLineMessage): HTMLElement {
  const level = element("td", {}, line.sign ? sign(line.sign, line.tone) : "", line.level);
  const place = element("td", { class: "number" }, line.cell_line ? String(line.cell_line) : "");
  const message = element("td", { class: "code message" }, line.message);
  const cells = [element("td", {}, line.time), level, element("td", {}, line.plugin), place, message];
  return element("tr", { title: line.text }, ...cells);
}

function build(store: Store<State>, frame: HTMLElement): View {
  const shown = new Map<LogLineMessage, HTMLElement>();
  const title = element("span", { class: "title" });
  const status = element("span", { role: "status" });
  const end = element("button", { type: "button", hidden: true }, "newest");
  const live = liveness(store);
  const caption = element("caption", { hidden: true });
  const heads = HEADS.map((one) => element("th", { scope: "col" }, one));
  const body = element("tbody");
  const table = element("table", {}, caption, element("thead", {}, element("tr", {}, ...heads)), body);
  const log = element("div", { class: "log", role: "log", tabindex: 0, "aria-label": "Lines of the log" }, table);
  const raw = element("pre", { tabindex: 0 });
  const fold = element("details", {}, element("summary", {}, "as the proxy wrote it"), raw);
  frame.append(element("div", { class: "bar" }, title, status, live.mark, end), log, fold);
  // Who has scrolled up reads; the view stays there until it is at the end again.
  let following = true;
  log.addEventListener("scroll", () => {
    following = log.scrollHeight - log.scrollTop - log.clientHeight < NEAR;
    end.hidden = following;
  });
  end.addEventListener("click", () => {
    following = true;
    log.scrollTop = log.scrollHeight;
  });
  fold.addEventListener("toggle", again);

  function again(): void {
    const { lines } = store.state;
    title.textContent = store.state.title;
    caption.textContent = store.state.title;
    const counted = lines.length ? `${lines.length} line${lines.length === 1 ? "" : "s"}` : "nothing logged yet";
    const text = [counted, freshnessText(store.freshness)].filter(Boolean).join("; ");
    if (status.textContent !== text) status.textContent = text;
    status.className = store.freshness.kind === "stale" ? "stale" : "";
    const kept = new Set(lines);
    for (const [line, made] of shown) {
      if (kept.has(line)) continue;
      made.remove();
      shown.delete(line);
    }
    for (const line of lines) {
      if (shown.has(line)) continue;
      const made = row(line);
      shown.set(line, made);
      body.append(made);
    }
    if (fold.open) raw.textContent = lines.map((line) => line.text).join("\n");
    if (following) log.scrollTop = log.scrollHeight;
  }
  return { paint: again, pulse: live.pulse };
}

export default widget<State, LogMessage, LogPaintMessage>(
  {
    start: () => ({ lines: [], title: "" }),
    all: (state, told) => Object.assign(state, { lines: told.lines, title: told.title }),
    paint: (state, told) => {
      state.lines = [...state.lines.slice(told.gone, told.gone + told.kept), ...told.lines];
    },
  },
  build,
);
