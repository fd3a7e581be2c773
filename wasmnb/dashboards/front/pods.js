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
  const mark2 = element("span", { class: "live quiet" });
  const pulse = () => {
    const seconds = Math.max(Math.floor((Date.now() - store.heard) / 1e3), 0);
    mark2.hidden = store.freshness.kind !== "live";
    mark2.replaceChildren(element("span", { class: "dot", "aria-hidden": "true" }, "\u25CF"), `live, ${seconds} s ago`);
  };
  return { mark: mark2, pulse };
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
function opened(model, source2) {
  const store = new Store(source2.start(), (message) => model.send(message));
  const take = async (message, buffers) => {
    store.heard = Date.now();
    if (message.kind === "tick") return;
    const told = buffers?.[0] ? await unpacked(buffers[0]) : message;
    if (message.kind === "all") source2.all(store.state, told);
    else if (store.number === null) return;
    else if (told.number !== store.number + 1) {
      if (told.number > store.number) store.say({ kind: "hello" });
      return;
    } else source2.paint(store.state, told);
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
function widget(source2, build2) {
  return {
    initialize: ({ model }) => opened(model, source2),
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
var UNITS = [
  ["d", 86400],
  ["h", 3600],
  ["m", 60]
];
function clock(seconds) {
  return `${new Date(seconds * 1e3).toISOString().slice(11, 19)} UTC`;
}
function age(started, now) {
  if (started === null) return "";
  const seconds = Math.max(Math.floor(now - started), 0);
  const fitting2 = UNITS.find(([, length]) => seconds >= 2 * length);
  return fitting2 ? `${Math.floor(seconds / fitting2[1])}${fitting2[0]}` : `${seconds}s`;
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
function summary(rows) {
  const all = [...rows];
  if (!all.length) return "there are none";
  const listed = all.filter((row) => row.ready);
  const problems = all.filter((row) => row.problem).length;
  const counted2 = listed.length ? `${listed.filter((row) => row.is_ready).length} of ${listed.length} ready` : "none is listed";
  return problems ? `${counted2}, ${problems} with problems` : counted2;
}

// src/pods/state.ts
var source = {
  start: () => ({ rows: /* @__PURE__ */ new Map(), signs: {}, mesh: "" }),
  all: (state, told) => {
    state.signs = told.signs;
    state.mesh = told.mesh;
    state.rows = new Map(told.rows.map((row) => [row.name, row]));
  },
  paint: (state, told) => {
    for (const row of told.rows) state.rows.set(row.name, row);
    for (const name of told.gone) state.rows.delete(name);
  }
};
function everything() {
  return { filter: "", problems: false, grouped: true, sort: 0, down: 1, folded: /* @__PURE__ */ new Set(), pod: null };
}
function reasons(row) {
  const plugins2 = row.plugins.filter((one) => one.verdict !== "LIVE" && one.reason);
  return [row.reason, ...plugins2.map((one) => `${one.id}: ${one.reason}`)].filter(Boolean).join("; ");
}
var SEVERITY = { bad: 0, warn: 1, quiet: 2, "": 2, good: 3 };
var NONE = 4;
function severity(row, signs) {
  const tones = row.plugins.map((one) => SEVERITY[signs[one.verdict]?.tone ?? "warn"]);
  return Math.min(NONE, ...tones);
}

// src/pods/columns.ts
var ENDING = 6;
var CONTAINERS = "containers of the pod that are ready, and how many it has";
var COLUMNS = [
  { name: "name", title: "name", key: (row) => row.name },
  { name: "ready", title: "ready", key: (row) => row.ready },
  { name: "status", title: "status", key: (row) => row.status },
  { name: "plugins", title: "plugins", key: severity },
  { name: "rate", title: "requests/s", key: (row) => row.rate.requests ?? -1, number: true },
  { name: "errors", title: "errors", key: (row) => row.rate.errors ?? -1, number: true },
  { name: "restarts", title: "restarts", key: (row) => row.restarts, number: true },
  { name: "age", title: "age", key: (row) => -(row.started ?? 0), number: true }
];
function verdict(store, word) {
  const known = store.state.signs[word];
  const title = known?.meaning ?? "";
  if (store.freshness.kind === "stale") return [sign("?", "warn"), element("span", { title }, `was ${word}`)];
  return [sign(known?.sign ?? "?", known?.tone ?? "warn"), element("span", { title }, word)];
}
function cells(store, row) {
  const { requests, errors, reason } = row.rate;
  const unknown = reason || "not measured yet";
  return [
    { parts: named(row.name) },
    row.ready ? { parts: [readiness(store, row), row.ready], full: CONTAINERS } : { parts: [""] },
    { parts: [row.status] },
    { parts: plugins(store, row) },
    requests === null ? { parts: ["?"], full: unknown } : { parts: [requests.toFixed(1)] },
    errors === null ? { parts: ["?"], full: unknown } : { parts: [share(errors)] },
    { parts: [String(row.restarts)] },
    { parts: [age(row.started, Date.now() / 1e3)] }
  ];
}
function pluginsText(row) {
  return row.plugins.map((one) => `\u2713 ${one.verdict} ${one.id} ${one.digest.slice(7, 19)}`).join(", ");
}
function share(errors) {
  return `${errors ? "! " : ""}${(100 * errors).toFixed(1)} %`;
}
function named(name) {
  const start = element("span", { class: "start" }, name.slice(0, -ENDING));
  return [start, element("span", {}, name.slice(-ENDING))];
}
function readiness(store, row) {
  if (store.freshness.kind === "stale") return sign("?", "warn");
  return row.is_ready ? sign("\u2713", "good") : sign("\u2026", "warn");
}
function plugins(store, row) {
  return row.plugins.flatMap(({ id, verdict: word, digest }, index) => {
    const short = element("span", { class: "code quiet" }, digest.slice(7, 19));
    return [index ? ", " : "", ...verdict(store, word), ` ${id} `, short];
  });
}

// src/copy.ts
var SHOWN = 1500;
function copyable(text, what) {
  const code = element("span", { class: "code" }, text);
  const button = element("button", { type: "button", class: "copy", "aria-label": `Copy ${what}` }, "copy");
  button.addEventListener("click", async (event) => {
    event.stopPropagation();
    const done = await copied(text).catch(() => false);
    if (!done) getSelection()?.selectAllChildren(code);
    button.textContent = done ? "copied" : "selected";
    setTimeout(() => {
      button.textContent = "copy";
    }, SHOWN);
  });
  return [code, button];
}
async function copied(text) {
  if (!navigator.clipboard) return false;
  await navigator.clipboard.writeText(text);
  return true;
}

// src/pods/detail.ts
function detail(store, row) {
  const { requests, errors, reason } = row.rate;
  const facts = [
    ["workload", row.workload],
    ["status", `${row.ready} ${row.status}`],
    ["reason", row.reason],
    ["restarts", String(row.restarts)],
    ["age", age(row.started, Date.now() / 1e3)],
    ["requests/s", requests === null ? `not known: ${reason || "not measured yet"}` : String(requests)],
    ["errors", errors === null ? "" : share(errors)]
  ];
  const list = facts.filter(([, value]) => value.trim()).flatMap(([name, value]) => fact(name, value));
  for (const one of row.plugins) {
    const words = [...verdict(store, one.verdict), one.reason ? `. ${one.reason} ` : " "];
    const digest = one.digest ? copyable(one.digest, `the digest of ${one.id}`) : [];
    const meaning = element("div", { class: "quiet" }, store.state.signs[one.verdict]?.meaning ?? "");
    list.push(...fact(one.id, ...words, ...digest, meaning));
  }
  if (row.ready) list.push(...fact("log", ...copyable(`%wasm_logs ${row.name}`, "the line that shows the log")));
  return element("div", { role: "region", "aria-label": "Details of the chosen pod" }, element("dl", {}, ...list));
}
function fact(name, ...value) {
  return [element("dt", {}, name), element("dd", {}, ...value)];
}

// src/pods/grid.ts
var HEIGHT = 28;
var SPARE = 6;
var ROOM = 420;
var Grid = class {
  constructor(store, choice, again) {
    this.store = store;
    this.choice = choice;
    this.again = again;
    this.body = element("div", { class: "body", role: "rowgroup" }, this.space);
    this.body.addEventListener("scroll", () => this.scroll());
    this.body.addEventListener("keydown", (event) => this.press(event));
  }
  store;
  choice;
  again;
  at = 0;
  body;
  items = [];
  lines = /* @__PURE__ */ new Map();
  space = element("div", { role: "presentation" });
  /** Where the details stand, and how much higher than other lines they are. */
  open = -1;
  higher = 0;
  /** Show other lines; the focus stays on its line, wherever that went. */
  show(items) {
    const held = this.items[this.at]?.key;
    this.items = items;
    const moved = items.findIndex((item) => item.key === held);
    this.at = moved >= 0 ? moved : Math.min(this.at, Math.max(items.length - 1, 0));
    this.open = items.findIndex((item) => item.kind === "detail");
    if (this.open < 0) this.higher = 0;
    this.stretch();
  }
  /** Begin at the first line. */
  rewind() {
    this.at = 0;
    this.body.scrollTop = 0;
  }
  /** Go to a line; with `choose`, open its details or fold its group, or the other way round. */
  go(index, choose = false) {
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
  scroll() {
    const first = Math.max(this.index(this.body.scrollTop) - SPARE, 0);
    const seen = Math.ceil((this.body.clientHeight || ROOM) / HEIGHT) + 2 * SPARE;
    const shown2 = this.items.slice(first, first + seen).map((item, offset) => ({ item, index: first + offset }));
    const focused = this.items[this.at];
    if (focused && (this.at < first || this.at >= first + seen)) shown2.push({ item: focused, index: this.at });
    const kept = new Set(shown2.map(({ item }) => item.key));
    for (const [key, { made }] of this.lines) {
      if (kept.has(key)) continue;
      made.remove();
      this.lines.delete(key);
    }
    for (const { item, index } of shown2) {
      const made = this.fill(item, index);
      if (!made.isConnected) this.body.append(made);
    }
    this.measure();
  }
  choose(item) {
    const { folded, pod } = this.choice;
    if (item.kind === "group") {
      if (!folded.delete(item.workload)) folded.add(item.workload);
      return;
    }
    if (item.kind === "detail") return;
    const name = item.kind === "pod" ? item.key : item.of;
    this.choice.pod = pod === name ? null : name;
  }
  top(index) {
    return index * HEIGHT + (this.open >= 0 && index > this.open ? this.higher : 0);
  }
  index(top) {
    const open = this.top(this.open);
    if (this.open < 0 || top < open) return Math.floor(top / HEIGHT);
    return Math.max(Math.floor((top - this.higher) / HEIGHT), this.open);
  }
  stretch() {
    this.space.style.height = `${this.top(this.items.length)}px`;
  }
  /** Only the page knows how high the details are; what stands below them moves. */
  measure() {
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
  reveal(index) {
    const { scrollTop, clientHeight } = this.body;
    const [top, end] = [this.top(index), this.top(index + 1)];
    if (top < scrollTop) this.body.scrollTop = top;
    else if (end > scrollTop + clientHeight) this.body.scrollTop = Math.min(end - clientHeight, top);
  }
  press(event) {
    const inside = event.target instanceof HTMLButtonElement;
    if (inside && event.key !== "Escape") return;
    const page = Math.max(Math.floor(this.body.clientHeight / HEIGHT) - 1, 1);
    const item = this.items[this.at];
    const fold = (wanted) => {
      if (item?.kind === "group" && item.folded !== wanted) this.go(this.at, true);
    };
    const moves = {
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
      Escape: () => this.close()
    };
    const move = moves[event.key];
    if (!move) return;
    event.preventDefault();
    move();
  }
  close() {
    const pod = this.choice.pod;
    this.choice.pod = null;
    const at = this.items.findIndex((item) => item.key === pod);
    if (at >= 0) this.go(at);
  }
  fill(item, index) {
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
  line(item) {
    const made = element("div", { role: "row", class: item.kind === "pod" ? "" : item.kind, tabindex: -1 });
    const choose = () => {
      const at = this.items.findIndex((one) => one.key === item.key);
      this.go(at, true);
    };
    if (item.kind !== "detail") made.addEventListener("click", choose);
    const line = { made };
    this.lines.set(item.key, line);
    return line;
  }
  /** What a line shows besides the pod itself: it is only filled anew when this, or the pod, is another one. */
  state(item) {
    if ("row" in item) return `${this.store.freshness.kind}${age(item.row.started, Date.now() / 1e3)}`;
    return item.kind === "why" ? item.text : `${item.ready}/${item.count}/${item.shown}/${item.folded}`;
  }
  cells(item) {
    if (item.kind === "pod") return cells(this.store, item.row).map(gridcell);
    if (item.kind === "detail") return [element("div", { role: "gridcell" }, detail(this.store, item.row))];
    if (item.kind === "why") return [element("div", { role: "gridcell", title: item.text }, item.text)];
    const counts = `${item.workload}: ${item.ready} of ${item.count} ready`;
    const some = item.shown < item.count ? `, ${item.shown} shown` : "";
    const fold = element("button", { type: "button", tabindex: -1, "aria-expanded": String(!item.folded) });
    fold.append(element("span", { class: "fold", "aria-hidden": "true" }, item.folded ? "\u25B8" : "\u25BE"), counts + some);
    return [element("div", { role: "gridcell" }, fold)];
  }
};
function gridcell({ parts, full }, index) {
  const column = COLUMNS[index];
  const kind = column?.number ? "number" : "";
  const attributes = { role: "gridcell", "aria-colindex": index + 1, "data-column": column?.name, class: kind };
  const made = element("div", attributes, ...parts);
  const title = full ?? (kind ? "" : made.textContent);
  if (title) made.title = title;
  return made;
}

// src/pods/order.ts
var natural = new Intl.Collator("en", { numeric: true });
function ordered(state, choice) {
  const rows = [...state.rows.values()];
  const groups = choice.grouped ? counted(rows, choice) : /* @__PURE__ */ new Map();
  const items = [];
  for (const row of sorted(filtered(rows, choice), state, choice)) {
    const group = groups.get(row.workload);
    if (group && !group.shown) items.push(group);
    if (group) group.shown += 1;
    if (!group?.folded) items.push(...lines(row, choice));
  }
  return items;
}
function lines(row, choice) {
  const pod = { kind: "pod", key: row.name, row };
  if (choice.pod === row.name) return [pod, { kind: "detail", key: `detail ${row.name}`, row }];
  const text = reasons(row);
  return text ? [pod, { kind: "why", key: `why ${row.name}`, text, of: row.name }] : [pod];
}
function counted(rows, choice) {
  const groups = /* @__PURE__ */ new Map();
  for (const { workload, ready, is_ready } of rows) {
    const folded = choice.folded.has(workload);
    const group = groups.get(workload) ?? { ...EMPTY, key: `group ${workload}`, workload, folded };
    groups.set(workload, group);
    group.count += Number(ready !== "");
    group.ready += Number(is_ready);
  }
  for (const [workload, group] of groups) if (group.count < 2) groups.delete(workload);
  return groups;
}
var EMPTY = { kind: "group", count: 0, ready: 0, shown: 0 };
function filtered(rows, choice) {
  const words = choice.filter.toLowerCase().split(/\s+/).filter(Boolean);
  const kept = choice.problems ? rows.filter((row) => row.problem) : rows;
  if (!words.length) return kept;
  return kept.filter((row) => {
    const text = said(row);
    return words.every((word) => text.includes(word));
  });
}
function said(row) {
  const plugins2 = row.plugins.flatMap((one) => [one.id, one.verdict, one.digest]);
  return [row.name, row.workload, row.status, reasons(row), ...plugins2].join(" ").toLowerCase();
}
function sorted(rows, state, choice) {
  const key = COLUMNS[choice.sort]?.key ?? (() => 0);
  const keyed = rows.map((row) => ({ row, key: key(row, state.signs) }));
  keyed.sort(
    (one, other) => (choice.grouped ? natural.compare(one.row.workload, other.row.workload) : 0) || choice.down * compared(one.key, other.key) || natural.compare(one.row.name, other.row.name)
  );
  return keyed.map(({ row }) => row);
}
function compared(one, other) {
  return typeof one === "number" && typeof other === "number" ? one - other : natural.compare(String(one), String(other));
}

// src/pods/index.ts
function build(store, frame) {
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
  function again() {
    const { rows, mesh } = store.state;
    title.textContent = `Pods of ${mesh}`;
    table.setAttribute("aria-label", `Pods of the mesh ${mesh}`);
    const items = ordered(store.state, choice);
    grid.show(items);
    heads.forEach((one, index) => {
      mark(one, index === choice.sort ? choice.down : 0);
    });
    table.setAttribute("aria-rowcount", String(items.length + 1));
    tell(store, status);
    const shown2 = chosen(items, rows);
    count.textContent = shown2.length === rows.size ? "" : `${shown2.length} of ${rows.size} shown`;
    fit(shown2);
    const uncounted = shown2.filter((row) => row.ready && row.rate.requests === null);
    unknown.hidden = !uncounted.length;
    unknown.textContent = uncountedText(uncounted);
    grid.scroll();
  }
  return { paint: again, pulse: live.pulse };
}
function heading(index, choice, again) {
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
function mark(heading2, down) {
  const [word, arrow] = { "1": ["ascending", "\u25B2"], "-1": ["descending", "\u25BC"], "0": ["none", ""] }[`${down}`];
  heading2.setAttribute("aria-sort", word ?? "none");
  heading2.lastElementChild?.replaceChildren(arrow ?? "");
}
function box(label, name, choice, again) {
  const input = element("input", { type: "checkbox" });
  input.checked = choice[name];
  input.addEventListener("change", () => {
    choice[name] = input.checked;
    again();
  });
  return element("label", {}, input, ` ${label}`);
}
function search(choice, grid, again) {
  const input = element("input", {
    type: "search",
    placeholder: "Filter pods",
    "aria-label": "Filter pods by name, workload, status, plugin or reason"
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
function tell(store, status) {
  const rows = [...store.state.rows.values()];
  const stale = freshnessText(store.freshness);
  const text = [summary(rows), stale].filter(Boolean).join("; ");
  if (status.dataset.text === text) return;
  status.dataset.text = text;
  status.className = store.freshness.kind === "stale" ? "stale" : "";
  const good = !stale && rows.some((row) => row.ready) && !rows.some((row) => row.problem);
  status.replaceChildren(good ? sign("\u2713", "good") : sign("!", "warn"), text);
}
function uncountedText(rows) {
  const pods = rows.length === 1 ? "1 pod" : `${rows.length} pods`;
  return `No request rate for ${pods}: ${rows[0]?.rate.reason || "not measured yet"}.`;
}
function fitting(frame) {
  const measured = document.createElement("canvas").getContext("2d");
  const widest = (texts) => {
    const longest = texts.reduce((one, other) => other.length > one.length ? other : one, "");
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
function chosen(items, rows) {
  const folded = new Set(items.flatMap((item) => item.kind === "group" && item.folded ? [item.workload] : []));
  const away = folded.size ? [...rows.values()].filter((row) => folded.has(row.workload)) : [];
  return [...items.flatMap((item) => item.kind === "pod" ? [item.row] : []), ...away];
}
var pods_default = widget(source, build);
export {
  pods_default as default
};
