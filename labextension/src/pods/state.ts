// What is known of a mesh's pods, and what is chosen of them.

import type { PodMessage, PodsMessage, PodsPaintMessage, SignMessage } from "../messages.ts";
import type { Source } from "../store.ts";

export interface State {
  rows: Map<string, PodMessage>;
  signs: Record<string, SignMessage>;
  mesh: string;
}

export const source: Source<State, PodsMessage, PodsPaintMessage> = {
  start: () => ({ rows: new Map(), signs: {}, mesh: "" }),
  all: (state, told) => {
    state.signs = told.signs;
    state.mesh = told.mesh;
    state.rows = new Map(told.rows.map((row) => [row.name, row]));
  },
  paint: (state, told) => {
    for (const row of told.rows) state.rows.set(row.name, row);
    for (const name of told.gone) state.rows.delete(name);
  },
};

/** What is shown of the pods, and in which order. */
export interface Choice {
  filter: string;
  problems: boolean;
  grouped: boolean;
  sort: number;
  down: 1 | -1;
  /** Workloads whose pods are folded away. */
  folded: Set<string>;
  /** The pod whose details are shown. */
  pod: string | null;
}

/** The choice that a view begins with. */
export function everything(): Choice {
  return { filter: "", problems: false, grouped: true, sort: 0, down: 1, folded: new Set(), pod: null };
}

/** What is the matter with a pod, and with each plugin on it that is not LIVE. */
export function reasons(row: PodMessage): string {
  const plugins = row.plugins.filter((one) => one.verdict !== "LIVE" && one.reason);
  return [row.reason, ...plugins.map((one) => `${one.id}: ${one.reason}`)].filter(Boolean).join("; ");
}

const SEVERITY: Record<SignMessage["tone"], number> = { bad: 0, warn: 1, quiet: 2, "": 2, good: 3 };
const NONE = 4;

/** How bad the worst verdict on a pod is: 0 is the worst. */
export function severity(row: PodMessage, signs: State["signs"]): number {
  const tones = row.plugins.map((one) => SEVERITY[signs[one.verdict]?.tone ?? "warn"]);
  return Math.min(NONE, ...tones);
}
