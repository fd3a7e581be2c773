// Which lines the grid has, and in which order: groups, pods, and why a pod is not well.

import type { PodMessage } from "../messages.ts";
import { COLUMNS } from "./columns.ts";
import { type Choice, reasons } from "./state.ts";

/** A line of the grid; its key tells it from every other. */
export type Item =
  | { kind: "pod"; key: string; row: PodMessage }
  | Group
  // A reason is a sentence: it has a line of its own below its pod.
  | { kind: "why"; key: string; text: string; of: string };

interface Group {
  kind: "group";
  key: string;
  workload: string;
  count: number;
  ready: number;
}

const natural = new Intl.Collator("en", { numeric: true });

/** The lines that are chosen, in their order. */
export function ordered(all: Iterable<PodMessage>, choice: Choice): Item[] {
  const rows = sorted(filtered(all, choice), choice);
  const groups = new Map<string, Group>();
  const items: Item[] = [];
  for (const row of rows) {
    if (choice.grouped) count(groups, row, items);
    items.push({ kind: "pod", key: row.name, row });
    const text = reasons(row);
    if (text) items.push({ kind: "why", key: `why ${row.name}`, text, of: row.name });
  }
  return items;
}

/** Count a pod in its group, which stands before the first of its pods. */
function count(groups: Map<string, Group>, { workload, is_ready }: PodMessage, items: Item[]): void {
  const group = groups.get(workload) ?? { kind: "group", key: `group ${workload}`, workload, count: 0, ready: 0 };
  if (!group.count) items.push(group);
  groups.set(workload, group);
  group.count += 1;
  group.ready += Number(is_ready);
}

function filtered(all: Iterable<PodMessage>, choice: Choice): PodMessage[] {
  const words = choice.filter.toLowerCase().split(/\s+/).filter(Boolean);
  const rows = [...all].filter((row) => row.problem || !choice.problems);
  if (!words.length) return rows;
  return rows.filter((row) => {
    const text = said(row);
    return words.every((word) => text.includes(word));
  });
}

function said(row: PodMessage): string {
  const plugins = row.plugins.flatMap((one) => [one.id, one.verdict, one.digest]);
  return [row.name, row.workload, row.status, reasons(row), ...plugins].join(" ").toLowerCase();
}

function sorted(rows: PodMessage[], choice: Choice): PodMessage[] {
  const key = COLUMNS[choice.sort]?.key ?? (() => 0);
  const keyed = rows.map((row) => ({ row, key: key(row) }));
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
