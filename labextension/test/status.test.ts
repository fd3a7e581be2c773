import assert from "node:assert/strict";
import { test } from "node:test";
import { mark } from "../src/lab/mark.ts";
import { standing } from "../src/lab/status.ts";
import cases from "./marks.json" with { type: "json" };

for (const { text, mark: wanted } of cases) {
  test(`the mark of ${JSON.stringify(text)}`, () => assert.equal(mark(text), wanted));
}

const told = { cell: "a", mark: mark("int x;"), text: "live on 1 of 1 pod", sign: "✓", tone: "good", detail: "8.4 kB" };

test("what ran is told as it is", () => {
  const found = standing({ ...told, tone: "good" }, "int x;");
  assert.deepEqual(found, { sign: "✓", tone: "good", text: "live on 1 of 1 pod · 8.4 kB" });
});

test("what was edited since is never green", () => {
  const found = standing({ ...told, tone: "good" }, "int y;");
  assert.equal(found.tone, "warn");
  assert.match(found.text, /^edited since/);
});
