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

// src/logs.ts
var HEADS = ["time (UTC)", "level", "plugin", "cell line", "message"];
var NEAR = 24;
function row(line) {
  const level = element("td", {}, line.sign ? sign(line.sign, line.tone) : "", line.level);
  const place = element("td", { class: "number" }, line.cell_line ? String(line.cell_line) : "");
  const message = element("td", { class: "code message" }, line.message);
  const cells = [element("td", {}, line.time), level, element("td", {}, line.plugin), place, message];
  return element("tr", { title: line.text }, ...cells);
}
function build(store, frame) {
  const shown2 = /* @__PURE__ */ new Map();
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
  function again() {
    const { lines } = store.state;
    title.textContent = store.state.title;
    caption.textContent = store.state.title;
    const counted = lines.length ? `${lines.length} line${lines.length === 1 ? "" : "s"}` : "nothing logged yet";
    const text = [counted, freshnessText(store.freshness)].filter(Boolean).join("; ");
    if (status.textContent !== text) status.textContent = text;
    status.className = store.freshness.kind === "stale" ? "stale" : "";
    const kept = new Set(lines);
    for (const [line, made] of shown2) {
      if (kept.has(line)) continue;
      made.remove();
      shown2.delete(line);
    }
    for (const line of lines) {
      if (shown2.has(line)) continue;
      const made = row(line);
      shown2.set(line, made);
      body.append(made);
    }
    if (fold.open) raw.textContent = lines.map((line) => line.text).join("\n");
    if (following) log.scrollTop = log.scrollHeight;
  }
  return { paint: again, pulse: live.pulse };
}
var logs_default = widget(
  {
    start: () => ({ lines: [], title: "" }),
    all: (state, told) => Object.assign(state, { lines: told.lines, title: told.title }),
    paint: (state, told) => {
      state.lines = [...state.lines.slice(told.gone, told.gone + told.kept), ...told.lines];
    }
  },
  build
);
export {
  logs_default as default
};
