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
  const lost = () => closeDead(model);
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
async function closeDead(model) {
  const real = await model.widget_manager?.get_model(model.get("model_key")).catch(() => null);
  if (real?.comm_live === false) real.close(true);
}
async function unpacked(bytes) {
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Response(stream).json();
}

// src/view.ts
var HIDDEN = 250;
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
  const painter = build2(store, frame);
  const soon = gathered(painter);
  store.painters.add(soon);
  store.views += 1;
  store.say({ kind: "alive", hidden: document.hidden });
  painter();
  return () => {
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
  const counted = listed.length ? `${listed.filter((row) => row.is_ready).length} of ${listed.length} ready` : "none is listed";
  return problems ? `${counted}, ${problems} with problems` : counted;
}

// src/pods/columns.ts
var ENDING = 6;
var COLUMNS = [
  { title: "name", key: (row) => row.name },
  { title: "ready", key: (row) => row.ready },
  { title: "status", key: (row) => row.status },
  { title: "restarts", key: (row) => row.restarts, number: true },
  { title: "age", key: (row) => -(row.started ?? 0), number: true },
  {
    title: "plugins",
    key: (row) => row.plugins.map((one) => one.verdict).sort().join()
  },
  { title: "requests/s", key: (row) => row.rate.requests ?? -1, number: true },
  { title: "errors", key: (row) => row.rate.errors ?? -1, number: true }
];
function verdict(store, word) {
  if (store.freshness.kind === "stale") return [sign("?", "warn"), `was ${word}`];
  const known = store.state.signs[word];
  return [sign(known?.sign ?? "?", known?.tone ?? "warn"), word];
}
function cells(store, row) {
  const { requests, errors, reason } = row.rate;
  const unknown = reason || "not measured yet";
  return [
    { parts: named(row.name) },
    { parts: row.ready ? [readiness(store, row), row.ready] : [""] },
    { parts: [row.status] },
    { parts: [String(row.restarts)] },
    { parts: [age(row.started, Date.now() / 1e3)] },
    { parts: plugins(store, row) },
    requests === null ? { parts: ["?"], full: unknown } : { parts: [requests.toFixed(1)] },
    errors === null ? { parts: ["?"], full: unknown } : { parts: [share(errors)] }
  ];
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
function share(errors) {
  return `${errors ? "! " : ""}${(100 * errors).toFixed(1)} %`;
}

// src/pods/detail.ts
function detail(store, row) {
  const { requests, reason } = row.rate;
  const facts = [
    ["workload", row.workload],
    ["status", `${row.ready} ${row.status}`],
    ["restarts", String(row.restarts)],
    ["reason", row.reason],
    ["requests/s", requests === null ? `not known: ${reason}` : String(requests)]
  ];
  const list = facts.filter(([, value]) => value).flatMap(([name, value]) => fact(name, value));
  for (const one of row.plugins) {
    const digest = element("span", { class: "code" }, one.digest);
    list.push(...fact(one.id, ...verdict(store, one.verdict), one.reason ? `. ${one.reason} ` : " ", digest));
  }
  return [element("strong", {}, row.name), element("dl", {}, ...list)];
}
function fact(name, ...value) {
  return [element("dt", {}, name), element("dd", {}, ...value)];
}

// src/pods/grid.ts
var HEIGHT = 28;
var SPARE = 6;
var ROOM = 420;
var Grid = class {
  constructor(store, again) {
    this.store = store;
    this.again = again;
    this.body = element("div", { class: "body", role: "rowgroup" }, this.space);
    this.body.addEventListener("scroll", () => this.scroll());
    this.body.addEventListener("keydown", (event) => this.press(event));
  }
  store;
  again;
  at = 0;
  chosen = null;
  body;
  items = [];
  lines = /* @__PURE__ */ new Map();
  space = element("div", { role: "presentation" });
  /** Show other lines; the focus stays on its line, wherever that went. */
  show(items) {
    const held = this.items[this.at]?.key;
    this.items = items;
    const moved = items.findIndex((item) => item.key === held);
    this.at = moved >= 0 ? moved : Math.min(this.at, Math.max(items.length - 1, 0));
    this.space.style.height = `${items.length * HEIGHT}px`;
  }
  /** Begin at the first line. */
  rewind() {
    this.at = 0;
    this.body.scrollTop = 0;
  }
  /** Go to a line; with `choose`, choose its pod, or let go of it. */
  go(index, choose = false) {
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
  scroll() {
    const first = Math.max(Math.floor(this.body.scrollTop / HEIGHT) - SPARE, 0);
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
  }
  reveal(top) {
    const { scrollTop, clientHeight } = this.body;
    if (top < scrollTop) this.body.scrollTop = top;
    else if (top + HEIGHT > scrollTop + clientHeight) this.body.scrollTop = top + HEIGHT - clientHeight;
  }
  press(event) {
    const page = Math.max(Math.floor(this.body.clientHeight / HEIGHT) - 1, 1);
    const moves = {
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
      }
    };
    const move = moves[event.key];
    if (!move) return;
    event.preventDefault();
    move();
  }
  fill(item, index) {
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
  line(item) {
    const go = () => this.go(
      this.items.findIndex((one) => one.key === item.key),
      true
    );
    const made = element("div", {
      role: "row",
      class: item.kind === "pod" ? "" : item.kind,
      tabindex: -1,
      onclick: go
    });
    const line = { made };
    this.lines.set(item.key, line);
    return line;
  }
  /** What a line shows besides the pod itself: it is only filled anew when this, or the pod, is another one. */
  state(item) {
    if (item.kind === "pod") return `${this.store.freshness.kind}${age(item.row.started, Date.now() / 1e3)}`;
    return item.kind === "why" ? item.text : `${item.count}/${item.ready}`;
  }
  cells(item) {
    if (item.kind === "pod") return cells(this.store, item.row).map(gridcell);
    const text = item.kind === "why" ? item.text : `${item.workload}: ${item.ready} of ${item.count} ready`;
    return [gridcell({ parts: [text] }, 0, [])];
  }
};
function gridcell({ parts, full }, column, all) {
  const number = all.length > 0 && COLUMNS[column]?.number;
  const made = element(
    "div",
    { role: "gridcell", "aria-colindex": column + 1, class: number ? "number" : "" },
    ...parts
  );
  const title = full ?? (number ? "" : made.textContent);
  if (title) made.title = title;
  return made;
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
function reasons(row) {
  const plugins2 = row.plugins.filter((one) => one.verdict !== "LIVE" && one.reason);
  return [row.reason, ...plugins2.map((one) => `${one.id}: ${one.reason}`)].filter(Boolean).join("; ");
}

// src/pods/order.ts
var natural = new Intl.Collator("en", { numeric: true });
function ordered(all, choice) {
  const rows = sorted(filtered(all, choice), choice);
  const groups = /* @__PURE__ */ new Map();
  const items = [];
  for (const row of rows) {
    if (choice.grouped) count(groups, row, items);
    items.push({ kind: "pod", key: row.name, row });
    const text = reasons(row);
    if (text) items.push({ kind: "why", key: `why ${row.name}`, text, of: row.name });
  }
  return items;
}
function count(groups, { workload, is_ready }, items) {
  const group = groups.get(workload) ?? { kind: "group", key: `group ${workload}`, workload, count: 0, ready: 0 };
  if (!group.count) items.push(group);
  groups.set(workload, group);
  group.count += 1;
  group.ready += Number(is_ready);
}
function filtered(all, choice) {
  const words = choice.filter.toLowerCase().split(/\s+/).filter(Boolean);
  const rows = [...all].filter((row) => row.problem || !choice.problems);
  if (!words.length) return rows;
  return rows.filter((row) => {
    const text = said(row);
    return words.every((word) => text.includes(word));
  });
}
function said(row) {
  const plugins2 = row.plugins.flatMap((one) => [one.id, one.verdict, one.digest]);
  return [row.name, row.workload, row.status, reasons(row), ...plugins2].join(" ").toLowerCase();
}
function sorted(rows, choice) {
  const key = COLUMNS[choice.sort]?.key ?? (() => 0);
  const keyed = rows.map((row) => ({ row, key: key(row) }));
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
  const choice = { filter: "", problems: false, grouped: true, sort: 0, down: 1 };
  const grid = new Grid(store, again);
  const title = element("span", { class: "title" });
  const status = element("span", { role: "status" });
  const count2 = element("span", { class: "quiet" });
  const heads = COLUMNS.map((_, index) => heading(index, choice, again));
  const head = element("div", { class: "head", role: "rowgroup" }, element("div", { role: "row" }, ...heads));
  const table = element("div", { class: "grid", role: "grid", "aria-colcount": COLUMNS.length }, head, grid.body);
  const more = element("div", {
    class: "detail",
    role: "region",
    "aria-label": "Details of the chosen pod",
    hidden: true
  });
  const unknown = element("div", { class: "quiet", hidden: true });
  const boxes = [box("only problems", "problems", choice, again), box("group by workload", "grouped", choice, again)];
  const filters = element("div", { class: "bar" }, search(choice, grid, again), ...boxes, count2);
  frame.append(element("div", { class: "bar" }, title, status), filters, table, more, unknown);
  const fit = fitting(frame);
  function again() {
    const { rows, mesh } = store.state;
    title.textContent = `Pods of ${mesh}`;
    table.setAttribute("aria-label", `Pods of the mesh ${mesh}`);
    const items = ordered(rows.values(), choice);
    grid.show(items);
    heads.forEach((one, index) => {
      one.setAttribute("aria-sort", index !== choice.sort ? "none" : choice.down > 0 ? "ascending" : "descending");
    });
    table.setAttribute("aria-rowcount", String(items.length + 1));
    tell(store, status);
    const shown2 = items.flatMap((item) => item.kind === "pod" ? [item.row] : []);
    count2.textContent = shown2.length === rows.size ? "" : `${shown2.length} of ${rows.size} shown`;
    fit(shown2);
    const uncounted = shown2.filter((row) => row.ready && row.rate.requests === null);
    unknown.hidden = !uncounted.length;
    unknown.textContent = uncountedText(uncounted);
    const chosen = grid.chosen === null ? void 0 : rows.get(grid.chosen);
    more.hidden = !chosen;
    if (chosen) more.replaceChildren(...detail(store, chosen));
    grid.scroll();
  }
  return again;
}
function heading(index, choice, again) {
  const { title, number } = COLUMNS[index] ?? { title: "" };
  const sort = () => {
    choice.down = choice.sort === index && choice.down === 1 ? -1 : 1;
    choice.sort = index;
    again();
  };
  const button = element("button", { type: "button", onclick: sort }, title);
  return element("div", { role: "columnheader", "aria-sort": "none", class: number ? "number" : "" }, button);
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
  return `requests/s of ${pods} not known: ${rows[0]?.rate.reason || "not measured yet"}`;
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
  };
}
var pods_default = widget(source, build);
export {
  pods_default as default
};
