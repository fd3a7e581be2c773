import assert from "node:assert/strict";
import { test } from "node:test";
import { ordered } from "../src/pods/order.ts";
import type { Choice } from "../src/pods/state.ts";
import { pod } from "./pods.ts";

const everything: Choice = { filter: "", problems: false, grouped: false, sort: 0, down: 1 };
const pods = [
  pod({ name: "b-10", workload: "b" }),
  pod({ name: "b-9", workload: "b", ready: "1/2", reason: "image not found" }),
  pod({ name: "a-1", workload: "a", verdict: "TRAPPED" }),
];
const keys = (choice: Partial<Choice>) => ordered(pods, { ...everything, ...choice }).map((item) => item.key);

test("numbers in names count as numbers", () => {
  assert.deepEqual(keys({}), ["a-1", "b-9", "why b-9", "b-10"]);
  assert.deepEqual(keys({ down: -1 }), ["b-10", "b-9", "why b-9", "a-1"]);
});

test("groups stand in their own order, whatever their pods are sorted by", () => {
  assert.deepEqual(keys({ grouped: true, down: -1 }), ["group a", "a-1", "group b", "b-10", "b-9", "why b-9"]);
});

test("all words of a filter must be found, in any place", () => {
  assert.deepEqual(keys({ filter: "IMAGE b" }), ["b-9", "why b-9"]);
  assert.deepEqual(keys({ filter: "trapped" }), ["a-1"]);
  assert.deepEqual(keys({ filter: "trapped b-9" }), []);
});

test("problems alone", () => assert.deepEqual(keys({ problems: true }), ["a-1", "b-9", "why b-9"]));
