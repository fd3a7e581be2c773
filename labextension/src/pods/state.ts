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
}

/** What is the matter with a pod, and with each plugin on it that is not LIVE. */
export function reasons(row: PodMessage): string {
  const plugins = row.plugins.filter((one) => one.verdict !== "LIVE" && one.reason);
  return [row.reason, ...plugins.map((one) => `${one.id}: ${one.reason}`)].filter(Boolean).join("; ");
}
