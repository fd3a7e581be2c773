// A mark that says that what is shown is the state of now, and when that was last heard.

import { element } from "./dom.ts";
import type { Store } from "./store.ts";

/** A mark, and what brings it up to date, once a second. */
export function liveness<State>(store: Store<State>): { mark: HTMLElement; pulse: () => void } {
  const mark = element("span", { class: "live quiet" });
  const pulse = () => {
    const seconds = Math.max(Math.floor((Date.now() - store.heard) / 1000), 0);
    mark.hidden = store.freshness.kind !== "live";
    mark.replaceChildren(element("span", { class: "dot", "aria-hidden": "true" }, "●"), `live, ${seconds} s ago`);
  };
  return { mark, pulse };
}
