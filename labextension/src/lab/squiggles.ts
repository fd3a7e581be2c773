// Marks in an editor: under the words, in the gutter, with the compiler's notes and suggestions; each goes with its line.

import {
  type Diagnostic,
  diagnosticCount,
  forEachDiagnostic,
  lintGutter,
  setDiagnostics,
  setDiagnosticsEffect,
} from "@codemirror/lint";
import { EditorState, type Extension, StateEffect, type Text } from "@codemirror/state";
import { EditorView } from "@codemirror/view";
import { element } from "../dom.ts";
import type { FixMessage, MarkMessage, MarksMessage } from "../messages.ts";
import { mark as markOf } from "./mark.ts";
import { changesOf, rangeOf } from "./places.ts";

interface Squiggle extends Diagnostic {
  kind: MarksMessage["kind"];
}

const WHO: Record<MarksMessage["kind"], string> = { compiler: "compiler", test: "case", trap: "crash" };
const ready = new WeakSet<EditorView>();

/** Marks of a line that is changed go at once: whether they still hold, nobody knows before it is compiled. */
export const goWithTheirLines: Extension = EditorState.transactionExtender.of((change) => {
  if (!change.docChanged || !diagnosticCount(change.startState)) return null;
  const kept: Diagnostic[] = [];
  forEachDiagnostic(change.startState, (one, from, to) => {
    const now = { from: change.changes.mapPos(from, 1), to: change.changes.mapPos(to, -1) };
    const same = inLine(change.startState.doc, from) === inLine(change.newDoc, now.from);
    if (same && change.startState.sliceDoc(from, to) === change.newDoc.sliceString(now.from, now.to))
      kept.push({ ...one, ...now });
  });
  return kept.length < diagnosticCount(change.startState) ? { effects: setDiagnosticsEffect.of(kept) } : null;
});

/** Tell a place in a line from every other one: the line's text, and where in it. */
function inLine(doc: Text, place: number): string {
  const line = doc.lineAt(place);
  return `${place - line.from} ${line.text}`;
}

/** Make an editor ready for marks; the gutter is there before the first one, so that no text jumps. */
export function prepare(view: EditorView): void {
  if (ready.has(view)) return;
  ready.add(view);
  const parts = [lintGutter(), goWithTheirLines, EditorView.editorAttributes.of({ class: "wasmnb-editor" })];
  view.dispatch({ effects: StateEffect.appendConfig.of(parts) });
}

/** Show what one kind of witness says of the text that is in an editor; what others say stays. */
export function show(view: EditorView, told: MarksMessage): void {
  const kept: Diagnostic[] = [];
  forEachDiagnostic(view.state, (one, from, to) => {
    if ((one as Squiggle).kind !== told.kind) kept.push({ ...one, from, to });
  });
  if (!told.marks.length && kept.length === diagnosticCount(view.state)) return;
  prepare(view);
  const made = told.marks.map((one) => squiggle(view, told, one)).filter((one) => one !== null);
  view.dispatch(setDiagnostics(view.state, [...kept, ...made]));
}

/** Show nothing any more. */
export function clear(view: EditorView): void {
  if (diagnosticCount(view.state)) view.dispatch(setDiagnostics(view.state, []));
}

/** Select the next marked words behind the cursor, or the first ones; false where nothing is marked. */
export function next(view: EditorView): boolean {
  const found: { from: number; to: number }[] = [];
  forEachDiagnostic(view.state, (_, from, to) => found.push({ from, to }));
  found.sort((one, other) => one.from - other.from);
  const place = found.find(({ from }) => from > view.state.selection.main.from) ?? found[0];
  if (!place) return false;
  view.dispatch({ selection: { anchor: place.from, head: place.to }, scrollIntoView: true });
  view.focus();
  return true;
}

function squiggle(view: EditorView, told: MarksMessage, one: MarkMessage): Squiggle | null {
  const range = rangeOf(view.state.doc, one);
  if (!range) return null;
  return {
    ...range,
    kind: told.kind,
    severity: one.severity,
    source: WHO[told.kind],
    message: one.message,
    markClass: `wasmnb-mark wasmnb-${told.kind}`,
    renderMessage: () => note(one),
    actions: one.fixes.map((fix) => ({
      name: fix.title,
      apply: (editor, from) => apply(editor, from, told.mark, one.line, fix),
    })),
  };
}

function note(one: MarkMessage): HTMLElement {
  const notes = one.notes.map((text) => element("li", {}, text));
  return element("div", { class: "wasmnb-note" }, one.message, ...(notes.length ? [element("ul", {}, ...notes)] : []));
}

/** Do what a compiler suggests: anywhere in the text that it read, and in the marked line, which is as it was. */
function apply(view: EditorView, from: number, text: string, line: number, fix: FixMessage): void {
  const { doc } = view.state;
  const same = markOf(doc.toString()) === text;
  const here = fix.edits.every((edit) => edit.line === line && edit.end_line === line);
  if (!same && !here) return;
  const changes = changesOf(doc, fix.edits, same ? 0 : doc.lineAt(from).number - line);
  view.dispatch({ changes, userEvent: "input.complete" });
  view.focus();
}
