import assert from "node:assert/strict";
import { test } from "node:test";
import type { ICodeCellModel } from "@jupyterlab/cells";
import { PAUSE, Typing } from "../src/lab/typing.ts";

function cell(source: string): ICodeCellModel {
  return { id: "a", isDisposed: false, sharedModel: { getSource: () => source } } as unknown as ICodeCellModel;
}

test("the kernel is told after a pause, once, and that what it was told is past at the next key", ({ mock }) => {
  mock.timers.enable({ apis: ["setTimeout"] });
  const told: unknown[] = [];
  const typing = new Typing((message) => told.push(message) > 0);
  const one = cell("%%wasm_filter a\nint x;");
  typing.key(one, () => undefined);
  mock.timers.tick(PAUSE - 1);
  typing.key(one, () => undefined);
  mock.timers.tick(PAUSE - 1);
  assert.deepEqual(told, []);
  mock.timers.tick(1);
  assert.deepEqual(told, [{ cell: "a", source: "%%wasm_filter a\nint x;" }]);
  typing.key(one, () => undefined);
  assert.deepEqual(told.slice(1), [{ cell: "a", source: null }]);
  typing.key(one, () => undefined);
  assert.equal(told.length, 2, "it is called off once");
  mock.timers.tick(PAUSE);
  typing.gone("a");
  assert.deepEqual(told.slice(3), [{ cell: "a", source: null }], "nobody waits for a cell that is deleted");
});

test("other cells, and texts without end, are nobody's business", ({ mock }) => {
  mock.timers.enable({ apis: ["setTimeout"] });
  const told: unknown[] = [];
  const typing = new Typing((message) => told.push(message) > 0);
  for (const text of ["x = 1", "%wasm_filter a", `%%wasm_filter a\n${"x".repeat(200_001)}`]) {
    typing.key(cell(text), () => undefined);
    mock.timers.tick(PAUSE);
  }
  assert.deepEqual(told, []);
});
