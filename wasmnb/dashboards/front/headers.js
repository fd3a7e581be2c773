// src/dom.ts
function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") made.addEventListener(name.slice(2), value);
    else if (value !== null && value !== void 0 && value !== false)
      made.setAttribute(name, value === true ? "" : String(value));
  }
  made.append(...children);
  return made;
}
function sign(text, tone) {
  return element("span", { class: `sign ${tone}`, "aria-hidden": "true" }, text);
}

// src/liveness.ts
function liveness(store) {
  const mark = element("span", { class: "live quiet" });
  const pulse = () => {
    const seconds = Math.max(Math.floor((Date.now() - store.heard) / 1e3), 0);
    mark.hidden = store.freshness.kind !== "live";
    mark.replaceChildren(element("span", { class: "dot", "aria-hidden": "true" }, "\u25CF"), `live, ${seconds} s ago`);
  };
  return { mark, pulse };
}

// src/store.ts
var BEAT = 5e3;
var SILENCE = 2e4;
var stores = /* @__PURE__ */ new Map();
var Store = class {
  constructor(state, say) {
    this.state = state;
    this.say = say;
  }
  state;
  say;
  freshness = { kind: "starting", since: Date.now() / 1e3, reason: "" };
  number = null;
  views = 0;
  heard = Date.now();
  painters = /* @__PURE__ */ new Set();
  hiding = document.createElement("style");
  changed() {
    for (const painter of this.painters) painter();
  }
  beat() {
    if (this.views) this.say({ kind: "alive", hidden: document.hidden });
    if (this.freshness.kind !== "ended" && Date.now() - this.heard > SILENCE) {
      this.freshness = { kind: "stale", since: this.heard / 1e3, reason: "the kernel does not answer" };
      this.changed();
    }
  }
};
function storeOf(model) {
  return stores.get(model.get("key"));
}
function opened(model, source) {
  const store = new Store(source.start(), (message) => model.send(message));
  const take = async (message, buffers) => {
    store.heard = Date.now();
    if (message.kind === "tick") return;
    const told = buffers?.[0] ? await unpacked(buffers[0]) : message;
    if (message.kind === "all") source.all(store.state, told);
    else if (store.number === null) return;
    else if (told.number !== store.number + 1) {
      if (told.number > store.number) store.say({ kind: "hello" });
      return;
    } else source.paint(store.state, told);
    store.number = told.number;
    store.freshness = told.freshness;
    store.changed();
  };
  let queue = Promise.resolve();
  const listener = (message, buffers) => {
    queue = queue.then(() => take(message, buffers)).catch(console.error);
  };
  const lost = () => closeDead(model.widget_manager, model.get("model_key"));
  model.on("msg:custom", listener);
  model.on("comm_live_update", lost);
  const beat = setInterval(() => store.beat(), BEAT);
  stores.set(model.get("key"), store);
  store.say({ kind: "hello" });
  return () => {
    clearInterval(beat);
    model.off("msg:custom", listener);
    model.off("comm_live_update", lost);
    stores.delete(model.get("key"));
  };
}
async function closeDead(manager, id) {
  const real = await manager?.get_model(id).catch(() => null);
  if (real?.comm_live === false) real.close(true);
}
async function unpacked(bytes) {
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Response(stream).json();
}

// src/view.ts
var HIDDEN = 250;
var SECOND = 1e3;
function widget(source, build2) {
  return {
    initialize: ({ model }) => opened(model, source),
    render: ({ model, el }) => shown(model, el, build2)
  };
}
function shown(model, el, build2) {
  const store = storeOf(model);
  const frame = element("div", { class: "wasmnb-live", "data-lm-suppress-shortcuts": "true" });
  frame.addEventListener("keydown", (event) => event.stopPropagation());
  el.append(frame);
  store.hiding.textContent = `[data-wasmnb-record="${model.get("key")}"] { display: none; }`;
  document.head.append(store.hiding);
  const view = build2(store, frame);
  const soon = gathered(() => view.paint());
  const pulse = setInterval(() => view.pulse(), SECOND);
  store.painters.add(soon);
  store.views += 1;
  store.say({ kind: "alive", hidden: document.hidden });
  view.paint();
  view.pulse();
  return () => {
    clearInterval(pulse);
    store.painters.delete(soon);
    store.views -= 1;
    if (store.views) return;
    store.hiding.remove();
    store.say({ kind: "bye" });
  };
}
function gathered(paint) {
  let asked = false;
  const go = () => {
    if (!asked) return;
    asked = false;
    paint();
  };
  return () => {
    if (asked) return;
    asked = true;
    requestAnimationFrame(go);
    setTimeout(go, HIDDEN);
  };
}

// src/wording.ts
function clock(seconds) {
  return `${new Date(seconds * 1e3).toISOString().slice(11, 19)} UTC`;
}
function freshnessText(freshness) {
  const since = clock(freshness.since);
  const words = {
    starting: "asking the mesh",
    live: "",
    stale: `stale since ${since}`,
    paused: `as of ${since}`,
    ended: `as of ${since}`
  }[freshness.kind];
  return [words, freshness.reason].filter(Boolean).join(": ");
}

// src/headers.ts
var MARKED = ["added", "changed", "removed"];
function line(row, compared) {
  const code = (text) => element("td", { class: "code" }, text ?? "");
  const name = element("th", { scope: "row", class: "code" }, row.name);
  const mark = row.sign ? sign(row.sign, row.tone) : "";
  const change = element("td", { class: "change" }, mark, row.change);
  const cells = compared ? [name, code(row.before), code(row.after), change] : [name, code(row.after)];
  return element("tr", { class: MARKED.includes(row.change) ? "marked" : "" }, ...cells);
}
function times(entry) {
  return entry.times === 1 ? `seen once, ${clock(entry.first)}` : `seen ${entry.times} times, ${clock(entry.first)} to ${clock(entry.last)}`;
}
function rows(entry, title) {
  const heads = entry.compared ? ["name", "before", "after", "change"] : ["name", "value"];
  return [
    element("caption", { hidden: true }, title),
    element("thead", {}, element("tr", {}, ...heads.map((one) => element("th", { scope: "col" }, one)))),
    element("tbody", {}, ...entry.rows.map((row) => line(row, entry.compared)))
  ];
}
function build(store, frame) {
  let chosen = null;
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
    [slider, which, latest]
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
  function tell(entry) {
    const stale = freshnessText(store.freshness);
    const text = [entry?.status ?? "no answer yet", stale].filter(Boolean).join("; ");
    if (status.dataset.text === text) return;
    status.dataset.text = text;
    status.className = store.freshness.kind === "stale" ? "stale" : "";
    const good = !stale && entry?.tone === "good";
    status.replaceChildren(good ? sign("\u2713", "good") : sign("!", "warn"), text);
  }
  function again() {
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
var headers_default = widget(
  {
    start: () => ({ entries: [], latest: 0, title: "" }),
    all: (state, told) => Object.assign(state, { entries: told.entries, latest: told.latest, title: told.title }),
    paint: (state, told) => {
      if (told.entry) state.entries[told.latest] = told.entry;
      state.entries.length = told.length;
      state.latest = told.latest;
    }
  },
  build
);
export {
  headers_default as default
};
