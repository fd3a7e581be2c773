import assert from "node:assert/strict";
import { test } from "node:test";
import { languageOf } from "../src/lab/cell.ts";
import cases from "./languages.json" with { type: "json" };

for (const { cell, language } of cases.cells) {
  test(`${JSON.stringify(cell)} is ${language}`, () => assert.equal(languageOf(cell), language));
}

for (const { source, language } of cases.guesses) {
  const name = { cpp: "C++", rust: "Rust", go: "Go", assemblyscript: "TypeScript" }[language];
  test(`${JSON.stringify(source)} looks like ${name}`, () => {
    assert.equal(languageOf(`%%wasm_filter x\n${source}`), name);
  });
}
