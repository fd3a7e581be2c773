import assert from "node:assert/strict";
import { test } from "node:test";
import { forEachDiagnostic, setDiagnostics } from "@codemirror/lint";
import { EditorState } from "@codemirror/state";
import { goWithTheirLines } from "../src/lab/squiggles.ts";

const DOC = "one\ntwo three\nfour";

function marked(): EditorState {
  const state = EditorState.create({ doc: DOC, extensions: [goWithTheirLines] });
  const marks = ["one", "three", "four"].map((message) => {
    const from = DOC.indexOf(message);
    return { from, to: from + message.length, severity: "error" as const, message };
  });
  return state.update(setDiagnostics(state, marks)).state;
}

function left(state: EditorState): string[] {
  const found: string[] = [];
  forEachDiagnostic(state, (one, from, to) => {
    assert.equal(state.sliceDoc(from, to), one.message, "it stands under its own words");
    found.push(one.message);
  });
  return found;
}

test("a mark goes when something in its line changes, and the others stay under their words", () => {
  const state = marked();
  assert.deepEqual(left(state.update({ changes: { from: 4, insert: "x" } }).state), ["one", "four"]);
  assert.deepEqual(left(state.update({ changes: { from: 4, to: 5 } }).state), ["one", "four"]);
});

test("lines that come or go elsewhere move it", () => {
  const state = marked();
  assert.deepEqual(left(state.update({ changes: { from: 3, insert: "\nnew" } }).state), ["one", "three", "four"]);
  assert.deepEqual(left(state.update({ changes: { from: 14, insert: "zero\n" } }).state), ["one", "three", "four"]);
});

test("a text that is replaced has none", () => {
  assert.deepEqual(left(marked().update({ changes: { from: 0, to: DOC.length, insert: DOC } }).state), []);
});
