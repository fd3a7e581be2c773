import assert from "node:assert/strict";
import { test } from "node:test";
import type { Cell } from "@jupyterlab/cells";
import type { NotebookPanel } from "@jupyterlab/notebook";
import { putBelow, putCases } from "../src/lab/below.ts";

/** A notebook, as far as a cell is put into it. */
function notebook(...sources: string[]) {
  const cell = (text: string) => {
    let source = text;
    const setSource = (now: string) => {
      source = now;
    };
    return { model: { sharedModel: { getSource: () => source, setSource } } };
  };
  const widgets = sources.map(cell);
  const insertCell = (index: number, { source }: { source: string }) => widgets.splice(index, 0, cell(source));
  let selected = sources.length;
  const deselectAll = () => {
    selected = 0;
  };
  const shared = { sharedModel: { insertCell } };
  const content = { widgets, model: shared, activeCellIndex: 0, mode: "command", deselectAll };
  return {
    panel: { content } as unknown as NotebookPanel,
    cell: (index: number) => widgets[index] as unknown as Cell,
    sources: () => widgets.map((one) => one.model.sharedModel.getSource()),
    active: () => content.activeCellIndex,
    selected: () => selected,
  };
}

test("a cell is put below once, and said", () => {
  const { panel, cell, sources, active } = notebook("a", "b");
  assert.equal(putBelow(panel, cell(0), "%x 1\n2"), "%x 1 was put in the cell below; Shift Enter runs it");
  assert.deepEqual([sources(), active()], [["a", "%x 1\n2", "b"], 1]);
  assert.equal(putBelow(panel, cell(0), "%x 1\n2"), "%x 1 is in the cell below already; Shift Enter runs it");
  assert.equal(sources().length, 3);
});

test("a cell that is put below is run alone, whatever was selected", () => {
  const { panel, cell, selected } = notebook("a", "b");
  putBelow(panel, cell(0), "%x");
  assert.equal(selected(), 0);
});

test("a case is added to the cell that holds the cases of before, and to no other", () => {
  const [one, two] = ["test:\n- name: one", "test:\n- name: one\n- name: two"];
  const own = `%%wasm_test greeter --host envoy\n\n${one}\n`;
  const { panel, cell, sources, active } = notebook(own, `%%wasm_test greeters\n${one}`, "%wasm_headers a b");
  const said = putCases(panel, cell(2), `%%wasm_test greeter\n\n${two}\n`, `\n${one}\n`);
  assert.equal(said, "added to the cell %%wasm_test greeter above; Shift Enter runs it");
  assert.deepEqual([sources()[0], sources().length, active()], [`%%wasm_test greeter --host envoy\n${two}`, 3, 0]);
});

test("comments above the magic stay above it", () => {
  const { panel, cell, sources } = notebook("# mine\n\n%%wasm_test greeter\n- name: one", "%wasm_headers a b");
  putCases(panel, cell(1), "%%wasm_test greeter\n- name: one\n- name: two", "- name: one");
  assert.deepEqual(sources().slice(0, 1), ["# mine\n\n%%wasm_test greeter\n- name: one\n- name: two"]);
});

test("a magic line that goes on stays whole", () => {
  const { panel, cell, sources } = notebook("%%wasm_test greeter \\\n  --host envoy\n- name: one", "%wasm_headers a b");
  putCases(panel, cell(1), "%%wasm_test greeter\n- name: one\n- name: two", "- name: one");
  assert.deepEqual(sources().slice(0, 1), ["%%wasm_test greeter \\\n  --host envoy\n- name: one\n- name: two"]);
});

test("cases that were edited since, or never were in a cell, are put below", () => {
  for (const before of ["", "test:\n- name: other"]) {
    const { panel, cell, sources } = notebook("%%wasm_test greeter\ntest: []", "%wasm_headers a b");
    putCases(panel, cell(1), "%%wasm_test greeter\ntest:", before);
    assert.deepEqual(sources().slice(1), ["%wasm_headers a b", "%%wasm_test greeter\ntest:"]);
  }
});
