import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { Looks } from "../src/looks.ts";

test("several turns within a moment are one look, and those while the kernel is busy one more", () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  let asked = 0;
  const looks = new Looks(() => {
    asked += 1;
  });
  for (let turn = 0; turn < 10; turn += 1) looks.want();
  assert.equal(asked, 0, "the last turn is seen, too");
  mock.timers.runAll();
  assert.equal(asked, 1);

  for (let turn = 0; turn < 10; turn += 1) looks.want();
  mock.timers.runAll();
  assert.equal(asked, 1, "the kernel is busy with the one before");
  looks.done();
  mock.timers.runAll();
  assert.equal(asked, 2);
  looks.done();
  mock.timers.runAll();
  assert.equal(asked, 2, "nobody turned to it since");

  looks.done();
  looks.want();
  looks.close();
  mock.timers.runAll();
  assert.equal(asked, 2, "the panel is gone");
  mock.timers.reset();
});
