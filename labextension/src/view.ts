// A view in the page: it takes the record's place before the eye, and is painted when there is something new.

import { element } from "./dom.ts";
import type { Model } from "./model.ts";
import { type Numbered, opened, type Source, type Store, storeOf } from "./store.ts";

const HIDDEN = 250;
const SECOND = 1_000;

/** What brings a view up to date: after a change, and once a second. */
export interface View {
  paint(): void;
  pulse(): void;
}

/** Put a view's parts into a frame. */
export type Build<State> = (store: Store<State>, frame: HTMLElement) => View;

/** The two functions of a widget's front end. */
export function widget<State, All extends Numbered, Paint extends Numbered>(
  source: Source<State, All, Paint>,
  build: Build<State>,
) {
  return {
    initialize: ({ model }: { model: Model }) => opened(model, source),
    render: ({ model, el }: { model: Model; el: HTMLElement }) => shown(model, el, build),
  };
}

function shown<State>(model: Model, el: HTMLElement, build: Build<State>): () => void {
  const store = storeOf<State>(model);
  // JupyterLab's own shortcuts are not meant by who types in a view.
  const frame = element("div", { class: "wasmnb-live", "data-lm-suppress-shortcuts": "true" });
  frame.addEventListener("keydown", (event) => event.stopPropagation());
  el.append(frame);
  // The record says the same. It is only out of sight, so that a saved notebook has it.
  store.hiding.textContent = `[data-wasmnb-record="${model.get("key")}"] { display: none; }`;
  document.head.append(store.hiding);
  const view = build(store, frame);
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

/** Have many changes painted once, at the next frame; a hidden page paints none, and is brought up to date by a timer. */
function gathered(paint: () => void): () => void {
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
