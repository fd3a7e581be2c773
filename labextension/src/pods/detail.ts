// All that is known of one pod.

import { element } from "../dom.ts";
import type { PodMessage } from "../messages.ts";
import type { Store } from "../store.ts";
import { verdict } from "./columns.ts";
import type { State } from "./state.ts";

/** The parts of a pod's details. */
export function detail(store: Store<State>, row: PodMessage): HTMLElement[] {
  const { requests, reason } = row.rate;
  const facts = [
    ["workload", row.workload],
    ["status", `${row.ready} ${row.status}`],
    ["restarts", String(row.restarts)],
    ["reason", row.reason],
    ["requests/s", requests === null ? `not known: ${reason}` : String(requests)],
  ] as const;
  const list = facts.filter(([, value]) => value).flatMap(([name, value]) => fact(name, value));
  for (const one of row.plugins) {
    const digest = element("span", { class: "code" }, one.digest);
    list.push(...fact(one.id, ...verdict(store, one.verdict), one.reason ? `. ${one.reason} ` : " ", digest));
  }
  return [element("strong", {}, row.name), element("dl", {}, ...list)];
}

function fact(name: string, ...value: (Node | string)[]): HTMLElement[] {
  return [element("dt", {}, name), element("dd", {}, ...value)];
}
