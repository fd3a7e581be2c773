import assert from "node:assert/strict";
import { test } from "node:test";
import { ordered } from "../src/pods/order.ts";
import { type Choice, everything, type State, severity } from "../src/pods/state.ts";
import { pod } from "./pods.ts";

const pods = [
  pod({ name: "b-10", workload: "b" }),
  pod({ name: "b-9", workload: "b", ready: "1/2", reason: "image not found" }),
  pod({ name: "a-1", workload: "a", verdict: "TRAPPED" }),
];
const state: State = {
  rows: new Map(pods.map((one) => [one.name, one])),
  signs: {
    LIVE: { sign: "✓", tone: "good", meaning: "" },
    OLD: { sign: "↺", tone: "warn", meaning: "" },
    TRAPPED: { sign: "✗", tone: "bad", meaning: "" },
  },
  mesh: "m",
};
const lines = (choice: Partial<Choice>) => ordered(state, { ...everything(), grouped: false, ...choice });
const keys = (choice: Partial<Choice>) => lines(choice).map((item) => item.key);

test("numbers in names count as numbers", () => {
  assert.deepEqual(keys({}), ["a-1", "b-9", "why b-9", "b-10"]);
  assert.deepEqual(keys({ down: -1 }), ["b-10", "b-9", "why b-9", "a-1"]);
});

test("groups stand in their own order, whatever their pods are sorted by; one pod is no group", () => {
  assert.deepEqual(keys({ grouped: true, down: -1 }), ["a-1", "group b", "b-10", "b-9", "why b-9"]);
});

test("a group counts all its pods, and says how many of them are shown", () => {
  const [group] = lines({ grouped: true, problems: true }).filter((item) => item.kind === "group");
  assert.deepEqual([group?.ready, group?.count, group?.shown], [1, 2, 1]);
});

test("a group that is folded hides its pods", () => {
  assert.deepEqual(keys({ grouped: true, folded: new Set(["b"]) }), ["a-1", "group b"]);
});

test("details stand below their pod, in place of the reason", () => {
  assert.deepEqual(keys({ pod: "b-9" }), ["a-1", "b-9", "detail b-9", "b-10"]);
});

test("all words of a filter must be found, in any place", () => {
  assert.deepEqual(keys({ filter: "IMAGE b" }), ["b-9", "why b-9"]);
  assert.deepEqual(keys({ filter: "trapped" }), ["a-1"]);
  assert.deepEqual(keys({ filter: "trapped b-9" }), []);
});

test("problems alone", () => assert.deepEqual(keys({ problems: true }), ["a-1", "b-9", "why b-9"]));

test("the worst verdict comes first, and what has none last", () => {
  const of = (verdict?: string) => severity(pod(verdict ? { verdict } : {}), state.signs);
  assert.ok(of("TRAPPED") < of("OLD") && of("OLD") < of("LIVE") && of("LIVE") < of());
  assert.equal(of("NEWLY INVENTED"), of("OLD"), "what is not known is not well");
});
