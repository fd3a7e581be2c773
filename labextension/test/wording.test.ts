import assert from "node:assert/strict";
import { test } from "node:test";
import { age, freshnessText, summary } from "../src/wording.ts";
import { pod } from "./pods.ts";
import cases from "./wording.json" with { type: "json" };

const NOW = 1_800_000_000;

for (const { seconds, text } of cases.age) {
  test(`${seconds} seconds are ${text}`, () => assert.equal(age(NOW - seconds, NOW), text));
}

test("of what began at no known time there is no age", () => assert.equal(age(null, NOW), ""));

for (const { text, ...freshness } of cases.freshness) {
  test(`${freshness.kind} is ${text || "silent"}`, () => {
    assert.equal(freshnessText(freshness as Parameters<typeof freshnessText>[0]), text);
  });
}

for (const { pods, text } of cases.summary) {
  test(`${JSON.stringify(pods)} is ${text}`, () => assert.equal(summary(pods.map(pod)), text));
}
