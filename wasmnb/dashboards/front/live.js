// What every live view needs: what the kernel tells, kept in order; a heartbeat; and word of a kernel that is gone.
// Before a view there is only a model: it says hello, and the kernel shows a view once somebody has.

const BEAT = 5000;
const SILENCE = 20000;
const stores = new Map();

function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "class") made.className = value;
    else if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (value !== null && value !== undefined && value !== false) made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children);
  return made;
}

function clock(seconds) {
  return new Date(seconds * 1000).toISOString().slice(11, 19) + " UTC";
}

function sign(text, tone) {
  return element("span", { class: `sign ${tone}`, "aria-hidden": "true" }, text);
}

function freshnessText(freshness) {
  const since = clock(freshness.since);
  const words = { starting: "asking the mesh", live: "", stale: `stale since ${since}` }[freshness.kind] ?? `as of ${since}`;
  return [words, freshness.reason].filter(Boolean).join(": ");
}

async function unpacked(buffers) {
  const bytes = new Blob([buffers[0]]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Response(bytes).json();
}

function opened(model, { start, all, paint }) {
  const store = {
    ...start(),
    freshness: { kind: "starting", since: Date.now() / 1000, reason: "" },
    number: null,
    views: 0,
    painters: new Set(),
    heard: Date.now(),
    say: (message) => model.send(message),
  };
  let queue = Promise.resolve();
  const changed = (what) => store.painters.forEach((painter) => painter(what));
  const take = async (message, buffers) => {
    store.heard = Date.now();
    if (message.kind === "tick") return;
    const told = buffers?.length ? await unpacked(buffers) : message;
    if (message.kind === "all") all(store, told);
    else if (store.number === null) return;
    else if (told.number !== store.number + 1) {
      if (told.number > store.number) store.say({ kind: "hello" });
      return;
    } else paint(store, told);
    store.number = told.number;
    store.freshness = told.freshness;
    changed(told);
  };
  const listener = (message, buffers) => { queue = queue.then(() => take(message, buffers)).catch(console.error); };
  model.on("msg:custom", listener);
  const beat = setInterval(() => {
    if (store.views) store.say({ kind: "alive", hidden: document.hidden });
    if (store.freshness.kind !== "ended" && Date.now() - store.heard > SILENCE) {
      store.freshness = { kind: "stale", since: store.heard / 1000, reason: "the kernel does not answer" };
      changed({});
    }
  }, BEAT);
  // A kernel that was restarted knows nothing of this view: the record stays.
  const lost = async () => {
    if (!model.widget_manager) return;
    const real = await model.widget_manager.get_model(model.get("model_key")).catch(() => null);
    if (real && real.comm_live === false) real.close(true);
  };
  model.on("comm_live_update", lost);
  stores.set(model.get("key"), store);
  store.say({ kind: "hello" });
  return () => {
    clearInterval(beat);
    model.off("msg:custom", listener);
    model.off("comm_live_update", lost);
    stores.delete(model.get("key"));
  };
}

function shown(model, el, build) {
  const store = stores.get(model.get("key"));
  const frame = element("div", { class: "wasmnb-live", "data-lm-suppress-shortcuts": "true" });
  el.append(frame);
  // JupyterLab's own shortcuts are not meant by who types in a view.
  frame.addEventListener("keydown", (event) => event.stopPropagation());
  // The record says the same. It is only out of sight, so that a saved notebook has it.
  store.hiding ??= element("style", {}, `[data-wasmnb-record="${model.get("key")}"] { display: none; }`);
  document.head.append(store.hiding);
  const painter = build(store, frame);
  let asked = false;
  const soon = (what) => {
    if (asked) return;
    asked = true;
    // A hidden page paints no frames; what it shows is then brought up to date by a timer.
    const go = () => { if (asked) { asked = false; painter(what); } };
    requestAnimationFrame(go);
    setTimeout(go, 250);
  };
  store.painters.add(soon);
  store.views += 1;
  store.say({ kind: "alive", hidden: document.hidden });
  painter({});
  return () => {
    store.painters.delete(soon);
    store.views -= 1;
    if (store.views) return;
    store.hiding.remove();
    store.say({ kind: "bye" });
  };
}
