// Where in a text something is said to be: the kernel counts lines, and characters in them; an editor counts UTF-16 units.

import type { Text } from "@codemirror/state";
import type { EditMessage, MarkMessage } from "../messages.ts";

/** A part of a text. */
export interface Range {
  from: number;
  to: number;
}

const WORD = /^[\p{L}\p{N}_$]+/u;

/** The words that a mark stands under; null where the text has no such line. */
export function rangeOf(text: Text, mark: MarkMessage): Range | null {
  if (mark.line < 1 || mark.line > text.lines) return null;
  const line = text.line(mark.line);
  const indent = line.text.length - line.text.trimStart().length;
  if (!mark.column) return { from: line.from + indent, to: line.to };
  const from = positionOf(text, mark.line, mark.column);
  const to = mark.end_column ? positionOf(text, mark.end_line, mark.end_column) : from;
  if (to > from) return { from, to };
  const rest = line.text.slice(from - line.from);
  const word = WORD.exec(rest)?.[0] ?? [...rest][0];
  if (word) return { from, to: from + word.length };
  // Behind the last character: what is missing is missing behind that.
  const last = [...line.text.trimEnd()].at(-1);
  const end = line.from + line.text.trimEnd().length;
  return last ? { from: end - last.length, to: end } : { from, to: from };
}

/** The place of a line and a column, both from 1; the nearest there is. */
export function positionOf(text: Text, line: number, column: number): number {
  const found = text.line(Math.min(Math.max(line, 1), text.lines));
  const before = [...found.text].slice(0, Math.max(column - 1, 0)).join("");
  return found.from + before.length;
}

/** The changes that a suggestion makes, in a text in which its own line stands at another place by now. */
export function changesOf(text: Text, edits: readonly EditMessage[], moved: number): (Range & { insert: string })[] {
  return edits.map((edit) => ({
    from: positionOf(text, edit.line + moved, edit.column),
    to: positionOf(text, edit.end_line + moved, edit.end_column),
    insert: edit.text,
  }));
}
