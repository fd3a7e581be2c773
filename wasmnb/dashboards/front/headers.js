// One request's answers over time: the table before and after, and a slider over what differed.

function build(store, frame) {
  const view = { at: null };
  const title = element("span", { class: "title" });
  const status = element("span", { role: "status" });
  const slider = element("input", { type: "range", min: 0, step: 1, "aria-label": "Captures, oldest first" });
  const which = element("span", { class: "quiet" });
  const latest = element("button", { type: "button", onclick: () => { view.at = null; again(); } }, "latest");
  const table = element("table", {});
  const notes = element("div", {});
  frame.append(element("div", { class: "bar" }, title, status), element("div", { class: "bar" }, slider, which, latest), table, notes);
  slider.addEventListener("input", () => {
    const at = Number(slider.value);
    view.at = at === store.entries.length - 1 ? null : at;
    again();
  });
  function line([name, before, after, change, mark, tone], compared) {
    const marked = ["added", "changed", "removed"].includes(change);
    return element("tr", { class: marked ? "marked" : "" },
      element("th", { scope: "row", class: "code" }, name),
      ...(compared ? [element("td", { class: "code" }, before ?? "")] : []),
      element("td", { class: "code" }, after ?? ""),
      ...(compared ? [element("td", { class: "change" }, mark ? sign(mark, tone) : "", change)] : []));
  }
  function again() {
    title.textContent = store.title;
    const stale = freshnessText(store.freshness);
    const at = view.at ?? store.latest;
    const entry = store.entries[at];
    slider.max = Math.max(store.entries.length - 1, 0);
    slider.value = at ?? 0;
    slider.disabled = store.entries.length < 2;
    latest.hidden = view.at === null;
    const text = [entry?.status ?? "no answer yet", stale].filter(Boolean).join("; ");
    if (status.dataset.text !== text) {
      status.dataset.text = text;
      status.className = store.freshness.kind === "stale" ? "stale" : "";
      const good = !stale && entry?.tone === "good";
      status.replaceChildren(good ? sign("✓", "good") : sign("!", "warn"), text);
    }
    if (!entry) return;
    const seen = entry.times === 1 ? `seen once, ${clock(entry.first)}` : `seen ${entry.times} times, ${clock(entry.first)} to ${clock(entry.last)}`;
    which.textContent = `capture ${at + 1} of ${store.entries.length}, from ${entry.pod}, ${seen}`;
    slider.setAttribute("aria-valuetext", which.textContent);
    const heads = entry.compared ? ["name", "before", "after", "change"] : ["name", "value"];
    table.replaceChildren(
      element("caption", { hidden: true }, store.title),
      element("thead", {}, element("tr", {}, ...heads.map((one) => element("th", { scope: "col" }, one)))),
      element("tbody", {}, ...entry.rows.map((row) => line(row, entry.compared))));
    notes.replaceChildren(...entry.notes.map((note) => element("p", {}, element("strong", {}, "note"), `: ${note}`)));
  }
  return again;
}

export default {
  initialize: ({ model }) => opened(model, {
    start: () => ({ entries: [], latest: 0, title: "" }),
    all: (store, told) => Object.assign(store, { entries: told.entries, latest: told.latest, title: told.title }),
    paint: (store, told) => {
      if (told.entry) store.entries[told.latest] = told.entry;
      store.entries.length = told.length;
      store.latest = told.latest;
    },
  }),
  render: ({ model, el }) => shown(model, el, build),
};
