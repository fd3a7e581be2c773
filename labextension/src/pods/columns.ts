// The columns of the grid, and what a pod has in each.

import { element, sign } from "../dom.ts";
import type { PodMessage } from "../messages.ts";
import type { Store } from "../store.ts";
import { age } from "../wording.ts";
import { type State, severity } from "./state.ts";

const ENDING = 6;
const CONTAINERS = "containers of the pod that are ready, and how many it has";

/** A column: its name in the style sheet, its heading, what it is sorted by, and whether it is of numbers. */
export interface PodColumn {
  name: string;
  title: string;
  key: (row: PodMessage, signs: State["signs"]) => string | number;
  number?: true;
}

export const COLUMNS: readonly PodColumn[] = [
  { name: "name", title: "name", key: (row) => row.name },
  { name: "ready", title: "ready", key: (row) => row.ready },
  { name: "status", title: "status", key: (row) => row.status },
  { name: "plugins", title: "plugins", key: severity },
  { name: "rate", title: "requests/s", key: (row) => row.rate.requests ?? -1, number: true },
  { name: "errors", title: "errors", key: (row) => row.rate.errors ?? -1, number: true },
  { name: "restarts", title: "restarts", key: (row) => row.restarts, number: true },
  { name: "age", title: "age", key: (row) => -(row.started ?? 0), number: true },
];

type Parts = (Node | string)[];

/** A cell: what is in it, and all that it is short for. */
export interface PodCell {
  parts: Parts;
  full?: string;
}

/** A verdict as sign and word, which says what it means when the pointer is over it; what is stale is told as what it was. */
export function verdict(store: Store<State>, word: string): Parts {
  const known = store.state.signs[word];
  const title = known?.meaning ?? "";
  if (store.freshness.kind === "stale") return [sign("?", "warn"), element("span", { title }, `was ${word}`)];
  return [sign(known?.sign ?? "?", known?.tone ?? "warn"), element("span", { title }, word)];
}

/** What a pod has in each column. */
export function cells(store: Store<State>, row: PodMessage): PodCell[] {
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
    { parts: [age(row.started, Date.now() / 1000)] },
  ];
}

/** What is in the column of plugins, as far as its width goes. */
export function pluginsText(row: PodMessage): string {
  return row.plugins.map((one) => `✓ ${one.verdict} ${one.id} ${one.digest.slice(7, 19)}`).join(", ");
}

/** Requests with a 5xx, as they are said everywhere. */
export function share(errors: number): string {
  return `${errors ? "! " : ""}${(100 * errors).toFixed(1)} %`;
}

function named(name: string): Parts {
  // The end of a pod's name tells it from its siblings, so the end is not what is cut.
  const start = element("span", { class: "start" }, name.slice(0, -ENDING));
  return [start, element("span", {}, name.slice(-ENDING))];
}

function readiness(store: Store<State>, row: PodMessage): Node {
  if (store.freshness.kind === "stale") return sign("?", "warn");
  return row.is_ready ? sign("✓", "good") : sign("…", "warn");
}

function plugins(store: Store<State>, row: PodMessage): Parts {
  return row.plugins.flatMap(({ id, verdict: word, digest }, index) => {
    const short = element("span", { class: "code quiet" }, digest.slice(7, 19));
    return [index ? ", " : "", ...verdict(store, word), ` ${id} `, short];
  });
}
