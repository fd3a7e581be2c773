// Which lines the grid has, and in which order: groups, pods, why a pod is not well, and the details of one.

import type { PodMessage } from "../messages.ts";
import { COLUMNS } from "./columns.ts";
import { type Choice, reasons, type State } from "./state.ts";

/** A line of the grid; its key tells it from every other. */
export type Item =
  | { kind: "pod"; key: string; row: PodMessage }
  | Group
  // A reason is a sentence: it has a line of its own below its pod.
  | { kind: "why"; key: string; text: string; of: string }
  | { kind: "detail"; key: string; row: PodMessage };

/** A workload: how many pods it has in all, how many of them are ready, and how many are chosen. */
export interface Group {
  kind: "group";
  key: string;
  workload: string;
  count: number;
  ready: number;
  shown: number;
  folded: boolean;
}

const natural = new Intl.Collator("en", { numeric: true });

/** The lines that are chosen, in their order. */
export function ordered(state: State, choice: Choice): Item[] {
  const rows = [...state.rows.values()];
  const groups = choice.grouped ? counted(rows, choice) : new Map<string, Group>();
  const items: Item[] = [];
  for (const row of sorted(filtered(rows, choice), state, choice)) {
    const group = groups.get(row.workload);
    if (group && !group.shown) items.push(group);
    if (group) group.shown += 1;
    if (!group?.folded) items.push(...lines(row, choice));
  }
  return items;
}

function lines(row: PodMessage, choice: Choice): Item[] {
  const pod: Item = { kind: "pod", key: row.name, row };
  if (choice.pod === row.name) return [pod, { kind: "detail", key: `detail ${row.name}`, row }];
  const text = reasons(row);
  return text ? [pod, { kind: "why", key: `why ${row.name}`, text, of: row.name }] : [pod];
}

/** The workloads of more than one pod: a line above a single one would say nothing. */
function counted(rows: PodMessage[], choice: Choice): Map<string, Group> {
  const groups = new Map<string, Group>();
  for (const { workload, ready, is_ready } of rows) {
    const folded = choice.folded.has(workload);
    const group = groups.get(workload) ?? { ...EMPTY, key: `group ${workload}`, workload, folded };
    groups.set(workload, group);
    group.count += Number(ready !== "");
    group.ready += Number(is_ready);
  }
  for (const [workload, group] of groups) if (group.count < 2) groups.delete(workload);
  return groups;
}

const EMPTY = { kind: "group", count: 0, ready: 0, shown: 0 } as const;

function filtered(rows: PodMessage[], choice: Choice): PodMessage[] {
  const words = choice.filter.toLowerCase().split(/\s+/).filter(Boolean);
  const kept = choice.problems ? rows.filter((row) => row.problem) : rows;
  if (!words.length) return kept;
  return kept.filter((row) => {
    const text = said(row);
    return words.every((word) => text.includes(word));
  });
}

function said(row: PodMessage): string {
  const plugins = row.plugins.flatMap((one) => [one.id, one.verdict, one.digest]);
  return [row.name, row.workload, row.status, reasons(row), ...plugins].join(" ").toLowerCase();
}

function sorted(rows: PodMessage[], state: State, choice: Choice): PodMessage[] {
  const key = COLUMNS[choice.sort]?.key ?? (() => 0);
  const keyed = rows.map((row) => ({ row, key: key(row, state.signs) }));
  keyed.sort(
    (one, other) =>
      (choice.grouped ? natural.compare(one.row.workload, other.row.workload) : 0) ||
      choice.down * compared(one.key, other.key) ||
      natural.compare(one.row.name, other.row.name),
  );
  return keyed.map(({ row }) => row);
}

function compared(one: string | number, other: string | number): number {
  return typeof one === "number" && typeof other === "number"
    ? one - other
    : natural.compare(String(one), String(other));
}
