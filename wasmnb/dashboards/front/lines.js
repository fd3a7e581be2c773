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

// src/looks.ts
var MOMENT = 250;
var Looks = class {
  constructor(ask) {
    this.ask = ask;
  }
  ask;
  wanted = false;
  asked = false;
  timer;
  /** Somebody wants to see what is there now; what is asked for within a moment is one look, after the last of it. */
  want() {
    this.wanted = true;
    if (this.asked || this.timer !== void 0) return;
    this.timer = setTimeout(() => {
      this.timer = void 0;
      this.wanted = false;
      this.asked = true;
      this.ask();
    }, MOMENT);
  }
  /** The kernel has looked. */
  done() {
    this.asked = false;
    if (this.wanted && this.timer === void 0) this.want();
  }
  close() {
    clearTimeout(this.timer);
  }
};

// src/store.ts
async function closeDead(manager, id) {
  const real = await manager?.get_model(id).catch(() => null);
  if (real?.comm_live === false) real.close(true);
}

// src/lines.ts
var lines_default = {
  initialize: ({ model }) => {
    const lost = () => closeDead(model.widget_manager, model.get("around"));
    model.on("comm_live_update", lost);
    return () => model.off("comm_live_update", lost);
  },
  render: ({ model, el }) => {
    const hiding = element("style", {}, `[data-wasmnb-record="${model.get("key")}"] { display: none; }`);
    document.head.append(hiding);
    const frame = element("div", { class: "wasmnb-live lines" });
    el.append(frame);
    const paint = () => {
      const lines = model.get("lines");
      const rows = lines.map((line) => element("div", {}, ...copyable(line, line)));
      frame.replaceChildren(...lines.length ? [element("div", { class: "quiet" }, model.get("label")), ...rows] : []);
    };
    let inside = false;
    const looks = new Looks(() => model.send({ kind: "look" }));
    const looked = () => looks.done();
    const turned = ({ target }) => {
      const panel = el.parentElement?.closest(".widget-vbox");
      const now = target instanceof Node && !!panel?.contains(target);
      if (now && !inside) looks.want();
      inside = now;
    };
    const turns = ["pointerover", "focusin"];
    for (const name of turns) document.addEventListener(name, turned);
    model.on("change:lines", paint);
    model.on("change:looks", looked);
    paint();
    return () => {
      for (const name of turns) document.removeEventListener(name, turned);
      model.off("change:lines", paint);
      model.off("change:looks", looked);
      looks.close();
      hiding.remove();
    };
  }
};
export {
  lines_default as default
};
