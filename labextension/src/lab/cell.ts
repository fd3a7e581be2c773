// What a cell of ours is written in, by its first line; other cells are nobody's business here.

import { LANGUAGES } from "./languages.ts";

/** A language that an editor can be in, by the name that JupyterLab has for it. */
export type EditorLanguage = "C++" | "Rust" | "Go" | "TypeScript" | "JSON" | "YAML" | "protobuf";

const EDITORS: Record<string, EditorLanguage> = { cpp: "C++", rust: "Rust", go: "Go", assemblyscript: "TypeScript" };
const FILES: Record<string, EditorLanguage> = {
  ".h": "C++",
  ".hh": "C++",
  ".hpp": "C++",
  ".json": "JSON",
  ".yaml": "YAML",
  ".yml": "YAML",
  ".proto": "protobuf",
};
/** What may stand above a magic, as a regular expression: blank lines, and comments of Python's. */
export const ABOVE = String.raw`^\s*(?:#(?:[ \t#@%!=-][^\n]*)?\n\s*)*`;
const MAGIC = new RegExp(`${ABOVE}%%(wasm_filter|wasm_file|wasm_test)\\b`);
// As a shell has it: a sign that begins a word, outside of quotes.
const PIECE = String.raw`'[^']*'|"(?:[^"\\]|\\.)*"|\\.|[^\s'"\\`;
const COMMENTED = new RegExp(String.raw`^(?:\s|(?:${PIECE}#])(?:${PIECE}])*(?=\s))*#`, "s");
const GOES_ON = /\\[ \t]*\r?\n/g;
const ENDS_ON = /\\[ \t]*\r?$/;
const LANG = /(?:^|\s)(?:--lang(?:uage)?|-l)[\s=]+["']?([\w+]+)/;
const COMMENT = /\/\/[^\n]*|\/\*[\s\S]*?\*\//g;

/** The language of a cell's body; null for a cell that is not ours. */
export function languageOf(source: string): EditorLanguage | null {
  const found = MAGIC.exec(source);
  if (!found) return null;
  const [head, magic] = found;
  const end = lineEnd(source, head.length);
  const [line, body] = [bare(source.slice(head.length, end)), source.slice(end)];
  if (magic === "wasm_test") return "YAML";
  if (magic === "wasm_file") return ofFile(line) ?? "C++";
  const said = LANG.exec(line)?.[1]?.toLowerCase();
  return (said ? ofWord(said) : null) ?? guessed(body);
}

/**
 * Where the line of a magic ends, without its line break; it goes on behind a backslash that stands in no comment.
 *
 * @param start - within the line
 */
export function lineEnd(text: string, start: number): number {
  for (let at = start; ; ) {
    const stop = text.indexOf("\n", at);
    if (stop < 0) return text.length;
    const found = ENDS_ON.exec(text.slice(at, stop));
    if (!found || stop + 1 === text.length || COMMENTED.test(oneLine(text.slice(start, at + found.index)))) return stop;
    at = stop + 1;
  }
}

/** The line of a magic, which may go on, as one. */
function oneLine(line: string): string {
  return line.replace(GOES_ON, " ");
}

/** The line of a magic as one, without the comment behind it. */
function bare(line: string): string {
  const whole = oneLine(line);
  const found = COMMENTED.exec(whole)?.[0].length;
  return found ? whole.slice(0, found - 1) : whole;
}

function ofWord(word: string): EditorLanguage | null {
  const found = LANGUAGES.find((one) => one.word === word || (one.spellings as readonly string[]).includes(word));
  return (found && EDITORS[found.word]) ?? null;
}

function ofFile(line: string): EditorLanguage | null {
  const path = line.trim().split(/\s+/)[0] ?? "";
  const suffix = /\.\w+$/.exec(path)?.[0] ?? "";
  const language = LANGUAGES.find((one) => (one.suffixes as readonly string[]).includes(suffix));
  return (language ? EDITORS[language.word] : FILES[suffix]) ?? null;
}

/** The guess of wasmnb/compile/languages.py: the language most of whose signs are there; C++ where that does not tell. */
function guessed(body: string): EditorLanguage {
  const code = body.replace(COMMENT, (comment) => comment.replace(/[^\n]/g, " "));
  const counts = LANGUAGES.map(({ word, signs }) => ({
    word,
    count: signs.filter((sign) => new RegExp(sign, "m").test(code)).length,
  })).sort((one, other) => other.count - one.count);
  const [first, second] = counts;
  if (!first?.count || first.count === second?.count) return "C++";
  return EDITORS[first.word] ?? "C++";
}
