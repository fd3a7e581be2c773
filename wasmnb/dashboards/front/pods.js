// The pods of a mesh: a grid that has only the rows in sight, however many there are.

const HEIGHT = 28;
const SPARE = 6;
const ENDING = 6;
const [NAME, WORKLOAD, READY, STATUS, RESTARTS, STARTED, REASON, PLUGINS, RATE, PROBLEM] = Array(10).keys();
const natural = new Intl.Collator("en", { numeric: true });
const worst = (row) => row[PLUGINS].map((one) => one[1]).sort().join();
const COLUMNS = [
  ["name", (row) => row[NAME]],
  ["ready", (row) => row[READY]],
  ["status", (row) => row[STATUS]],
  ["restarts", (row) => row[RESTARTS], "number"],
  ["age", (row) => -(row[STARTED] ?? 0), "number"],
  ["plugins", worst],
  ["requests/s", (row) => row[RATE][0] ?? -1, "number"],
  ["errors", (row) => row[RATE][1] ?? -1, "number"],
];

function age(started) {
  if (started === null) return "";
  const seconds = Math.max(Math.floor(Date.now() / 1000 - started), 0);
  for (const [unit, length] of [["d", 86400], ["h", 3600], ["m", 60]]) {
    if (seconds >= 2 * length) return `${Math.floor(seconds / length)}${unit}`;
  }
  return `${seconds}s`;
}

function verdict(store, word) {
  // What is stale is told as what it was.
  const [mark, tone] = store.freshness.kind === "stale" ? ["?", "warn"] : store.signs[word];
  return [sign(mark, tone), store.freshness.kind === "stale" ? `was ${word}` : word];
}

function named(name) {
  // The end of a pod's name tells it from its siblings, so the end is not what is cut.
  return [element("span", { class: "start" }, name.slice(0, -ENDING)), element("span", {}, name.slice(-ENDING))];
}

function isReady(row) {
  const [done, wanted] = row[READY].split("/");
  return done === wanted;
}

function reasons(row) {
  return [row[REASON], ...row[PLUGINS].filter((one) => one[1] !== "LIVE" && one[3]).map((one) => `${one[0]}: ${one[3]}`)]
    .filter(Boolean).join("; ");
}

function plugins(store, row) {
  return row[PLUGINS].flatMap(([id, word, digest], index) => [
    index ? ", " : "", ...verdict(store, word), ` ${id} `, element("span", { class: "code quiet" }, digest.slice(7, 19)),
  ]);
}

function cells(store, row) {
  const [requests, errors, why] = row[RATE];
  const ready = isReady(row);
  const stale = store.freshness.kind === "stale";
  const mark = stale ? sign("?", "warn") : ready ? sign("✓", "good") : sign("…", "warn");
  const unknown = why || "not measured yet";
  return [
    named(row[NAME]), row[READY] ? [mark, row[READY]] : [""], [row[STATUS]], [String(row[RESTARTS])], [age(row[STARTED])],
    plugins(store, row),
    [requests === null ? "?" : requests.toFixed(1), requests === null ? unknown : ""],
    [errors === null ? "?" : `${errors ? "! " : ""}${(100 * errors).toFixed(1)} %`, errors === null ? unknown : ""],
  ];
}

function ordered(store, view) {
  const words = view.filter.toLowerCase().split(/\s+/).filter(Boolean);
  const text = (row) => `${row[NAME]} ${row[WORKLOAD]} ${row[STATUS]} ${reasons(row)} ${row[PLUGINS].map((one) => `${one[0]} ${one[1]} ${one[2]}`).join(" ")}`.toLowerCase();
  let rows = [...store.rows.values()];
  if (view.problems) rows = rows.filter((row) => row[PROBLEM]);
  if (words.length) rows = rows.filter((row) => { const all = text(row); return words.every((word) => all.includes(word)); });
  const key = COLUMNS[view.sort][1];
  const keyed = rows.map((row) => [key(row), row]);
  const compare = (a, b) => (typeof a === "string" ? natural.compare(a, b) : a - b);
  keyed.sort(([a, one], [b, other]) =>
    (view.grouped ? compare(one[WORKLOAD], other[WORKLOAD]) : 0) || view.down * compare(a, b) || compare(one[NAME], other[NAME]));
  const items = [];
  let group = null;
  for (const [, row] of keyed) {
    if (view.grouped && row[WORKLOAD] !== group?.workload) {
      group = { key: `group ${row[WORKLOAD]}`, workload: row[WORKLOAD], count: 0, ready: 0 };
      items.push(group);
    }
    if (group) { group.count += 1; group.ready += isReady(row); }
    items.push({ key: row[NAME], row });
    // A reason is a sentence: it has a line of its own below its pod.
    const why = reasons(row);
    if (why) items.push({ key: `why ${row[NAME]}`, why, of: row[NAME] });
  }
  return items;
}

function detail(store, row) {
  const facts = [["workload", row[WORKLOAD]], ["status", `${row[READY]} ${row[STATUS]}`], ["restarts", String(row[RESTARTS])],
    ["reason", row[REASON]], ["requests/s", row[RATE][0] === null ? `not known: ${row[RATE][2]}` : String(row[RATE][0])]];
  const list = facts.filter(([, value]) => value).flatMap(([name, value]) => [element("dt", {}, name), element("dd", {}, value)]);
  for (const [id, word, digest, why] of row[PLUGINS]) {
    list.push(element("dt", {}, id), element("dd", {}, ...verdict(store, word), why ? `. ${why} ` : " ", element("span", { class: "code" }, digest)));
  }
  return [element("strong", {}, row[NAME]), element("dl", {}, ...list)];
}

function build(store, frame) {
  const view = { filter: "", problems: false, grouped: true, sort: 0, down: 1, at: 0, chosen: null };
  let items = [];
  const nodes = new Map();
  const title = element("span", { class: "title" });
  const status = element("span", { role: "status" });
  const count = element("span", { class: "quiet" });
  const filter = element("input", { type: "search", placeholder: "Filter pods", "aria-label": "Filter pods by name, workload, status, plugin or reason" });
  const box = (label, name) => {
    const input = element("input", { type: "checkbox", onchange: () => { view[name] = input.checked; again(); } });
    input.checked = view[name];
    return element("label", {}, input, ` ${label}`);
  };
  const heads = COLUMNS.map(([title, , kind], index) => element("div", { role: "columnheader", "aria-sort": "none", class: kind ?? "" },
    element("button", { type: "button", onclick: () => {
      view.down = view.sort === index ? -view.down : 1;
      view.sort = index;
      again();
    } }, title)));
  const head = element("div", { class: "head", role: "rowgroup" }, element("div", { role: "row" }, ...heads));
  const space = element("div", { role: "presentation" });
  const body = element("div", { class: "body", role: "rowgroup" }, space);
  const grid = element("div", { class: "grid", role: "grid", "aria-colcount": COLUMNS.length }, head, body);
  const more = element("div", { class: "detail", role: "region", "aria-label": "Details of the chosen pod", hidden: true });
  const unknown = element("div", { class: "quiet", hidden: true });
  frame.append(element("div", { class: "bar" }, title, status),
    element("div", { class: "bar" }, filter, box("only problems", "problems"), box("group by workload", "grouped"), count), grid, more, unknown);
  const measured = document.createElement("canvas").getContext("2d");

  // Columns are as wide as what is in them, as far as there is room.
  function fit(rows) {
    const style = getComputedStyle(frame);
    measured.font = `${style.fontSize} ${style.fontFamily}`;
    const widest = (texts) => {
      const longest = texts.reduce((one, other) => (other.length > one.length ? other : one), "");
      return `${Math.ceil(measured.measureText(longest).width) + 4}px`;
    };
    const widths = {
      name: widest(rows.map((row) => row[NAME])),
      status: widest(rows.map((row) => row[STATUS])),
    };
    for (const [name, width] of Object.entries(widths)) frame.style.setProperty(`--wasmnb-${name}`, width);
  }

  function content(item) {
    if (item.why) return [[item.why]];
    if (!item.row) return [[`${item.workload}: ${item.ready} of ${item.count} ready`]];
    return cells(store, item.row);
  }
  function node(item) {
    const made = element("div", { role: "row", class: item.row ? "" : item.why ? "why" : "group", tabindex: -1, onclick: () => go(items.findIndex((one) => one.key === item.key), true) });
    nodes.set(item.key, { made });
    return made;
  }
  function fill(item, index) {
    const known = nodes.get(item.key) ?? (node(item), nodes.get(item.key));
    const { made } = known;
    const state = item.row ? `${store.freshness.kind}${age(item.row[STARTED])}` : item.why ?? `${item.count}/${item.ready}`;
    if (known.row !== item.row || known.state !== state) {
      made.replaceChildren(...content(item).map((parts, column) => {
        const numeric = item.row && COLUMNS[column][2];
        const shownParts = numeric ? parts.slice(0, 1) : parts;
        const cell = element("div", { role: "gridcell", "aria-colindex": column + 1, class: numeric ?? "" }, ...shownParts);
        const full = numeric ? parts[1] : cell.textContent;
        if (full) cell.title = full;
        return cell;
      }));
      known.row = item.row;
      known.state = state;
    }
    made.style.top = `${index * HEIGHT}px`;
    made.setAttribute("aria-rowindex", index + 2);
    made.setAttribute("aria-selected", item.key === view.chosen);
    made.tabIndex = index === view.at ? 0 : -1;
    return made;
  }
  function scroll() {
    const first = Math.max(Math.floor(body.scrollTop / HEIGHT) - SPARE, 0);
    const last = Math.min(first + Math.ceil((body.clientHeight || 420) / HEIGHT) + 2 * SPARE, items.length);
    const kept = new Set();
    for (let index = first; index < last; index += 1) kept.add(items[index].key);
    if (items[view.at]) kept.add(items[view.at].key);
    for (const [key, { made }] of nodes) if (!kept.has(key)) { made.remove(); nodes.delete(key); }
    const place = (index) => { const made = fill(items[index], index); if (!made.isConnected) body.append(made); };
    for (let index = first; index < last; index += 1) place(index);
    if (items[view.at] && (view.at < first || view.at >= last)) place(view.at);
  }
  function go(index, choose) {
    if (index < 0 || !items.length) return;
    view.at = Math.min(index, items.length - 1);
    const top = view.at * HEIGHT;
    if (top < body.scrollTop) body.scrollTop = top;
    else if (top + HEIGHT > body.scrollTop + body.clientHeight) body.scrollTop = top + HEIGHT - body.clientHeight;
    const pod = items[view.at].of ?? (items[view.at].row && items[view.at].key);
    if (choose && pod) view.chosen = view.chosen === pod ? null : pod;
    again();
    nodes.get(items[view.at].key)?.made.focus({ preventScroll: true });
  }
  function again() {
    // The first rows may come after the view.
    title.textContent = `Pods of ${store.mesh}`;
    grid.setAttribute("aria-label", `Pods of the mesh ${store.mesh}`);
    const held = items[view.at]?.key;
    items = ordered(store, view);
    const moved = items.findIndex((item) => item.key === held);
    view.at = moved >= 0 ? moved : Math.min(view.at, Math.max(items.length - 1, 0));
    heads.forEach((one, index) => one.setAttribute("aria-sort", index !== view.sort ? "none" : view.down > 0 ? "ascending" : "descending"));
    space.style.height = `${items.length * HEIGHT}px`;
    grid.setAttribute("aria-rowcount", items.length + 1);
    const all = [...store.rows.values()].filter((row) => row[READY]);
    const problems = [...store.rows.values()].filter((row) => row[PROBLEM]).length;
    const stale = freshnessText(store.freshness);
    const summary = [all.length ? `${all.filter(isReady).length} of ${all.length} ready` : "there are none", problems ? `${problems} with problems` : ""]
      .filter(Boolean).join(", ");
    const text = [summary, stale].filter(Boolean).join("; ");
    if (status.dataset.text !== text) {
      status.dataset.text = text;
      status.className = store.freshness.kind === "stale" ? "stale" : "";
      const good = !stale && !problems && all.length;
      status.replaceChildren(good ? sign("✓", "good") : sign("!", "warn"), text);
    }
    const rows = items.filter((item) => item.row).map((item) => item.row);
    count.textContent = rows.length === store.rows.size ? "" : `${rows.length} of ${store.rows.size} shown`;
    fit(rows);
    const uncounted = rows.filter((row) => row[READY] && row[RATE][0] === null);
    unknown.hidden = !uncounted.length;
    unknown.textContent = `requests/s of ${uncounted.length === 1 ? "1 pod" : `${uncounted.length} pods`} not known: ${uncounted[0]?.[RATE][2] || "not measured yet"}`;
    const chosen = store.rows.get(view.chosen);
    more.hidden = !chosen;
    if (chosen) more.replaceChildren(...detail(store, chosen));
    scroll();
  }
  body.addEventListener("scroll", scroll);
  filter.addEventListener("input", () => { view.filter = filter.value; view.at = 0; body.scrollTop = 0; again(); });
  filter.addEventListener("keydown", (event) => { if (event.key === "ArrowDown") { event.preventDefault(); go(view.at); } });
  body.addEventListener("keydown", (event) => {
    const page = Math.max(Math.floor(body.clientHeight / HEIGHT) - 1, 1);
    const moves = { ArrowDown: view.at + 1, ArrowUp: Math.max(view.at - 1, 0), Home: 0, End: items.length - 1,
      PageDown: view.at + page, PageUp: Math.max(view.at - page, 0) };
    if (event.key in moves) { event.preventDefault(); go(moves[event.key]); }
    else if (event.key === "Enter" || event.key === " ") { event.preventDefault(); go(view.at, true); }
    else if (event.key === "Escape") { view.chosen = null; again(); }
  });
  return again;
}

export default {
  initialize: ({ model }) => opened(model, {
    start: () => ({ rows: new Map(), signs: {}, mesh: "" }),
    all: (store, told) => {
      store.signs = told.signs;
      store.mesh = told.mesh;
      store.rows = new Map(told.rows.map((row) => [row[NAME], row]));
    },
    paint: (store, told) => {
      told.rows.forEach((row) => store.rows.set(row[NAME], row));
      told.gone.forEach((name) => store.rows.delete(name));
    },
  }),
  render: ({ model, el }) => shown(model, el, build),
};
