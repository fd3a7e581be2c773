// All that is known of one pod.

import { copyable } from "../copy.ts";
import { element } from "../dom.ts";
import type { PodMessage } from "../messages.ts";
import type { Store } from "../store.ts";
import { age } from "../wording.ts";
import { share, verdict } from "./columns.ts";
import type { State } from "./state.ts";

/** The details of a pod, which stand below its line. */
export function detail(store: Store<State>, row: PodMessage): HTMLElement {
  const { requests, errors, reason } = row.rate;
  const facts: [string, string][] = [
    ["workload", row.workload],
    ["status", `${row.ready} ${row.status}`],
    ["reason", row.reason],
    ["restarts", String(row.restarts)],
    ["age", age(row.started, Date.now() / 1000)],
    ["requests/s", requests === null ? `not known: ${reason || "not measured yet"}` : String(requests)],
    ["errors", errors === null ? "" : share(errors)],
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

function fact(name: string, ...value: (Node | string)[]): HTMLElement[] {
  return [element("dt", {}, name), element("dd", {}, ...value)];
}
