// What wasmnb/views and wasmnb/display say in Python, in the same words: test/wording.json holds both to it.

import type { FreshnessMessage, PodMessage } from "./messages.ts";

const UNITS = [
  ["d", 86_400],
  ["h", 3_600],
  ["m", 60],
] as const;

/** A time of day; seconds since the epoch. */
export function clock(seconds: number): string {
  return `${new Date(seconds * 1000).toISOString().slice(11, 19)} UTC`;
}

/** The time since then as kubectl gives it, in one unit. */
export function age(started: number | null, now: number): string {
  if (started === null) return "";
  const seconds = Math.max(Math.floor(now - started), 0);
  const fitting = UNITS.find(([, length]) => seconds >= 2 * length);
  return fitting ? `${Math.floor(seconds / fitting[1])}${fitting[0]}` : `${seconds}s`;
}

/** Whether the state of now is shown. */
export function freshnessText(freshness: FreshnessMessage): string {
  const since = clock(freshness.since);
  const words = {
    starting: "asking the mesh",
    live: "",
    stale: `stale since ${since}`,
    paused: `as of ${since}`,
    ended: `as of ${since}`,
  }[freshness.kind];
  return [words, freshness.reason].filter(Boolean).join(": ");
}

/** How many pods are ready, and how many somebody should look at. */
export function summary(rows: Iterable<PodMessage>): string {
  const all = [...rows];
  if (!all.length) return "there are none";
  const listed = all.filter((row) => row.ready);
  const problems = all.filter((row) => row.problem).length;
  const counted = listed.length
    ? `${listed.filter((row) => row.is_ready).length} of ${listed.length} ready`
    : "none is listed";
  return problems ? `${counted}, ${problems} with problems` : counted;
}
