import assert from "node:assert/strict";
import { test } from "node:test";
import { EditorState, Text } from "@codemirror/state";
import { changesOf, rangeOf } from "../src/lab/places.ts";
import type { MarkMessage } from "../src/messages.ts";

const LINES = ["%%wasm_filter a", "  auto 名 = nam(1)", "", 'log("😀") + x'];
const text = Text.of(LINES);
const at = (line: number, column: number, end: Partial<MarkMessage> = {}): string | null => {
  const mark: MarkMessage = {
    ...{ line, column, end_line: 0, end_column: 0 },
    ...{ severity: "error", message: "", notes: [], fixes: [] },
    ...end,
  };
  const found = rangeOf(text, mark);
  return found && text.sliceString(found.from, found.to);
};

test("a place is the word that begins there", () => {
  assert.equal(at(2, 12), "nam");
  assert.equal(at(2, 8), "名");
  assert.equal(at(2, 15), "(");
});

test("an end counts where there is one", () => assert.equal(at(2, 12, { end_line: 2, end_column: 18 }), "nam(1)"));

test("columns count characters, not units", () => assert.equal(at(4, 12), "x"));

test("what is missing at the end of a line is missing behind its last character", () => assert.equal(at(2, 18), ")"));

test("a line without a column is marked whole, and a line that is not there not at all", () => {
  assert.equal(at(2, 0), "auto 名 = nam(1)");
  assert.equal(at(3, 1), "");
  assert.equal(at(9, 1), null);
});

test("a suggestion changes what it names, at the line where that stands now", () => {
  const state = EditorState.create({ doc: ["new", ...LINES].join("\n") });
  const edits = [
    { line: 2, column: 12, end_line: 2, end_column: 15, text: "name" },
    { line: 2, column: 18, end_line: 2, end_column: 18, text: ";" },
  ];
  const changed = state.update({ changes: changesOf(state.doc, edits, 1) }).state.doc;
  assert.equal(changed.line(3).text, "  auto 名 = name(1);");
});
