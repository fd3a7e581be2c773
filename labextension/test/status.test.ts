import assert from "node:assert/strict";
import { test } from "node:test";
import { mark } from "../src/lab/mark.ts";
import { standing } from "../src/lab/status.ts";
import type { CellMessage, DraftMessage } from "../src/messages.ts";
import cases from "./marks.json" with { type: "json" };

for (const { text, mark: wanted } of cases) {
  test(`the mark of ${JSON.stringify(text)}`, () => assert.equal(mark(text), wanted));
}

const ran: CellMessage = {
  cell: "a",
  mark: mark("int x;"),
  text: "live on 1 of 1 pod",
  sign: "✓",
  tone: "good",
  detail: "8.4 kB",
  still: "the build before is still live on 1 of 1 pod",
  about: "LIVE: this image was seen to act in this pod",
  actions: [
    { label: "Roll back", source: "%wasm_rollback a", edited: true },
    { label: "Run the tests", source: "%wasm_test a", edited: false },
  ],
};
const draft: DraftMessage = {
  cell: "a",
  mark: mark("int y;"),
  text: "compiles, ready to run",
  tone: "quiet",
  about: "9.1 kB (+0.7)",
  ready: false,
};

test("what ran is told as it is", () => {
  const found = standing(ran, draft, "int x;");
  assert.deepEqual(found, {
    sign: "✓",
    tone: "good",
    text: "live on 1 of 1 pod",
    aside: "8.4 kB",
    about: "LIVE: this image was seen to act in this pod",
    ready: false,
    actions: ran.actions,
  });
});

test("what was edited since is never green, whatever is known of it", () => {
  for (const [source, about] of [
    ["int y;", draft],
    ["int z;", draft],
    ["int y;", undefined],
    [null, draft],
  ] as const) {
    const found = standing(ran, about, source);
    assert.equal(found?.tone, "warn");
    assert.match(found?.text ?? "", /^edited since it ran/);
    assert.equal(found?.aside, "the build before is still live on 1 of 1 pod");
    // What would act with the build before, and reads as if it acted with this text, is not offered.
    assert.deepEqual(
      found?.actions.map((one) => one.label),
      ["Roll back"],
    );
  }
});

test("a draft is told of its own text alone", () => {
  assert.equal(standing(ran, draft, "int y;")?.text, "edited since it ran: compiles, ready to run");
  assert.equal(standing(ran, draft, "int y;")?.about, "9.1 kB (+0.7)");
  assert.equal(standing(ran, draft, "int z;")?.text, "edited since it ran");
  assert.equal(standing(undefined, draft, "int y;")?.text, "not run yet: compiles, ready to run");
  assert.equal(standing(undefined, draft, "int z;"), null);
  assert.equal(standing(undefined, { ...draft, tone: "bad" }, "int y;")?.tone, "bad");
});

test("a text is ready when the kernel says so of it, and of no other", () => {
  const ready = { ...draft, ready: true };
  assert.equal(standing(ran, ready, "int y;")?.ready, true);
  assert.equal(standing(ran, ready, "int z;")?.ready, false);
  assert.equal(standing(ran, ready, null)?.ready, false);
});
