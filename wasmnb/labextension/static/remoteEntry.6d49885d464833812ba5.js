// A container of module federation (webpack.js.org/concepts/module-federation), which is how JupyterLab loads what is
// prebuilt: what JupyterLab shares is taken from it, by name, before the extension is evaluated.
(() => {
  const SHARED = ["@codemirror/language","@codemirror/state","@codemirror/view","@jupyterlab/apputils","@jupyterlab/codemirror","@jupyterlab/launcher","@jupyterlab/notebook","@jupyterlab/settingregistry","@jupyterlab/statusbar","@lezer/common","@lezer/highlight","@lumino/widgets"];
  // What Notebook 7 does not have, and is not missed there.
  const OPTIONAL = ["@jupyterlab/launcher", "@jupyterlab/statusbar"];
  let scope = {};
  const newest = (versions) =>
    Object.entries(versions).sort(
      ([one, a], [other, b]) =>
        Number(Boolean(a.loaded)) - Number(Boolean(b.loaded)) || one.localeCompare(other, "en", { numeric: true }),
    ).at(-1)?.[1];
  const take = async (name) => {
    const found = scope[name] && newest(scope[name]);
    if (!found && OPTIONAL.includes(name)) return [name, {}];
    if (!found) throw new Error(`JupyterLab does not share ${name}`);
    return [name, (await found.get())()];
  };
  window._JUPYTERLAB = window._JUPYTERLAB ?? {};
  window._JUPYTERLAB.wasmnb = {
    init: (shared) => {
      scope = shared;
    },
    get: async () => {
      const modules = new Map(await Promise.all(SHARED.map(take)));
      return () => {
        const module = { exports: {} };
        evaluate((name) => modules.get(name), module);
        return module.exports;
      };
    },
  };
  function evaluate(require, module) {
    "use strict";
var __defProp = Object.defineProperty;
var __getOwnPropDesc = Object.getOwnPropertyDescriptor;
var __getOwnPropNames = Object.getOwnPropertyNames;
var __hasOwnProp = Object.prototype.hasOwnProperty;
var __export = (target, all) => {
  for (var name in all)
    __defProp(target, name, { get: all[name], enumerable: true });
};
var __copyProps = (to, from, except, desc) => {
  if (from && typeof from === "object" || typeof from === "function") {
    for (let key of __getOwnPropNames(from))
      if (!__hasOwnProp.call(to, key) && key !== except)
        __defProp(to, key, { get: () => from[key], enumerable: !(desc = __getOwnPropDesc(from, key)) || desc.enumerable });
  }
  return to;
};
var __toCommonJS = (mod) => __copyProps(__defProp({}, "__esModule", { value: true }), mod);

// src/lab/index.ts
var index_exports = {};
__export(index_exports, {
  default: () => index_default
});
module.exports = __toCommonJS(index_exports);
var import_apputils = require("@jupyterlab/apputils");
var import_codemirror = require("@jupyterlab/codemirror");
var import_launcher = require("@jupyterlab/launcher");
var import_notebook = require("@jupyterlab/notebook");
var import_settingregistry = require("@jupyterlab/settingregistry");
var import_statusbar = require("@jupyterlab/statusbar");

// style/lab.css
var lab_default = ".wasmnb-status {\n  color: var(--jp-content-font-color1, CanvasText);\n  font-family: var(--jp-ui-font-family, system-ui, sans-serif);\n  font-size: var(--jp-ui-font-size1, 13px);\n  line-height: 1.5;\n  overflow-wrap: anywhere;\n  padding: 2px 4px 2px calc(var(--jp-cell-prompt-width, 64px) + 6px);\n}\n.wasmnb-answer,\n.wasmnb-marks {\n  color: var(--jp-content-font-color1, CanvasText);\n  font-family: var(--jp-ui-font-family, system-ui, sans-serif);\n  font-size: var(--jp-ui-font-size1, 13px);\n  line-height: 1.5;\n  overflow-wrap: anywhere;\n  padding: 2px 4px 4px calc(var(--jp-cell-prompt-width, 64px) + 6px);\n}\n/* There JupyterLab has the prompts above the cells, and not beside them. */\n@media only screen and (max-width: 760px) {\n  .wasmnb-status,\n  .wasmnb-answer,\n  .wasmnb-marks {\n    padding-left: calc(var(--jp-cell-collapser-width, 8px) + var(--jp-code-padding, 5px));\n  }\n}\n.jp-mod-noOutputs > .wasmnb-answer {\n  display: none;\n}\n.wasmnb-answer button,\n.wasmnb-marks button {\n  margin-right: 0.6em;\n}\n.wasmnb-marks ul {\n  list-style: none;\n  margin: 0;\n  padding: 0;\n}\n.wasmnb-marks li {\n  margin: 2px 0;\n}\n.wasmnb-marks button {\n  text-align: left;\n}\n.wasmnb-status button {\n  margin-left: 0.6em;\n}\n.wasmnb-status button,\n.wasmnb-answer button,\n.wasmnb-marks button {\n  background: transparent;\n  border: 1px solid var(--jp-border-color1, currentColor);\n  border-radius: 3px;\n  color: inherit;\n  cursor: pointer;\n  font: inherit;\n  line-height: 1.3;\n  padding: 0 0.5em;\n}\n.wasmnb-status .wasmnb-aside {\n  color: var(--jp-content-font-color2, inherit);\n}\n.wasmnb-status .wasmnb-done {\n  display: block;\n}\n.wasmnb-status .wasmnb-done:empty {\n  display: none;\n}\n.wasmnb-status button:hover,\n.wasmnb-answer button:hover,\n.wasmnb-marks button:hover {\n  background: var(--jp-layout-color2, Highlight);\n}\n.wasmnb-status button:focus-visible,\n.wasmnb-answer button:focus-visible,\n.wasmnb-marks button:focus-visible {\n  outline: 2px solid var(--jp-brand-color1, Highlight);\n  outline-offset: 1px;\n}\n.wasmnb-status .sign {\n  display: inline-block;\n  font-weight: bold;\n  margin-right: 0.35em;\n  min-width: 0.9em;\n}\n.wasmnb-status .good {\n  color: var(--jp-success-color1, inherit);\n}\n.wasmnb-status .warn {\n  color: var(--jp-warn-color1, inherit);\n}\n.wasmnb-status .bad {\n  color: var(--jp-error-color1, inherit);\n}\n.wasmnb-mesh {\n  align-items: center;\n  display: flex;\n}\n.wasmnb-mesh button[hidden] {\n  display: none;\n}\n.wasmnb-mesh button {\n  background: transparent;\n  border: 0;\n  color: inherit;\n  cursor: pointer;\n  font: inherit;\n  padding: 0 4px;\n}\n.wasmnb-mesh button:hover {\n  background: var(--jp-layout-color3, Highlight);\n}\n.wasmnb-mesh button:focus-visible {\n  outline: 2px solid currentColor;\n  outline-offset: -2px;\n}\n.wasmnb-mesh .sign {\n  font-weight: bold;\n  margin-right: 0.35em;\n}\n.wasmnb-jump {\n  color: inherit;\n  text-decoration: underline;\n  text-decoration-style: dotted;\n  text-underline-offset: 2px;\n}\n.wasmnb-jump:hover,\n.wasmnb-jump:focus-visible {\n  color: var(--jp-content-link-color, LinkText);\n  text-decoration-style: solid;\n}\n.jp-Notebook .cm-editor.wasmnb-editor > .cm-scroller > .cm-gutters:not(:has(.cm-lineNumbers)) {\n  background: transparent;\n  border: 0;\n}\n.wasmnb-editor .cm-gutter-lint {\n  width: 1.1em;\n}\n.wasmnb-editor .wasmnb-mark {\n  background-image: none;\n  padding-bottom: 0;\n  text-decoration: underline wavy var(--jp-error-color1, Mark) 1px;\n  text-decoration-skip-ink: none;\n  text-underline-offset: 3px;\n}\n.wasmnb-editor .wasmnb-mark.cm-lintRange-warning {\n  text-decoration-color: var(--jp-warn-color1, Mark);\n}\n.wasmnb-editor .wasmnb-mark.wasmnb-trap {\n  background-color: color-mix(in srgb, var(--jp-error-color1, Mark) 15%, transparent);\n}\n.wasmnb-editor .cm-tooltip.cm-tooltip-lint,\n.wasmnb-editor .cm-tooltip:has(.wasmnb-note) {\n  background-color: var(--jp-layout-color1, Canvas);\n  border: 1px solid var(--jp-border-color1, currentColor);\n  color: var(--jp-content-font-color1, CanvasText);\n  font-family: var(--jp-ui-font-family, system-ui, sans-serif);\n  font-size: var(--jp-ui-font-size1, 13px);\n  max-width: 60em;\n}\n.wasmnb-note ul {\n  margin: 2px 0 0;\n  padding-left: 1.4em;\n}\n.wasmnb-editor .cm-diagnosticAction {\n  background-color: var(--jp-brand-color1, ButtonFace);\n  color: var(--jp-ui-inverse-font-color1, ButtonText);\n  margin: 2px 6px 2px 0;\n  padding: 2px 6px;\n}\n.wasmnb-editor .cm-diagnosticSource {\n  opacity: 1;\n}\n";

// src/dom.ts
function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") made.addEventListener(name.slice(2), value);
    else if (value !== null && value !== void 0 && value !== false)
      made.setAttribute(name, value === true ? "" : String(value));
  }
  made.append(...children);
  return made;
}
function sign(text, tone) {
  return element("span", { class: `sign ${tone}`, "aria-hidden": "true" }, text);
}

// src/lab/languages.ts
var LANGUAGES = [
  { "word": "cpp", "name": "C++", "spellings": ["c++", "cc", "cxx"], "suffixes": [".cc", ".cpp", ".cxx", ".c++", ".C", ".c"], "signs": ["^\\s*#\\s*(?:include|define|pragma|if|ifdef|ifndef)\\b", "\\bRegisterContextFactory\\b", "\\bclass\\s+\\w+\\s*(?:final\\s*)?:\\s*(?:public\\s+)?\\w+", "\\bstd::\\w+", "\\bFilter(?:Headers|Data|Trailers)Status\\b[^V]", '\\bstatic_cast<|\\bextern\\s+\\"C\\"'] },
  { "word": "rust", "name": "Rust", "spellings": ["rs"], "suffixes": [".rs"], "signs": ["^\\s*use\\s+\\w+(?:::|;)", "\\bproxy_wasm::", "^\\s*(?:unsafe\\s+)?impl\\b[^;{]*\\{", "\\bfn\\s+\\w+\\s*[(<]", "^\\s*#!?\\[\\w+", "\\blet\\s+mut\\b"] },
  { "word": "go", "name": "Go", "spellings": ["golang"], "suffixes": [".go"], "signs": ["^\\s*package\\s+\\w+\\s*$", '^\\s*import\\s*(?:\\(|\\"[\\w./-]+\\"\\s*$)', "^\\s*func\\s*(?:\\([^)]*\\)\\s*)?\\w+\\s*\\(", "\\bproxywasm\\.", "^\\s*type\\s+\\w+\\s+(?:struct|interface)\\b", "\\w\\s*:=\\s"] },
  { "word": "assemblyscript", "name": "AssemblyScript", "spellings": ["as", "ts", "typescript"], "suffixes": [".ts"], "signs": ['^\\s*import\\s*(?:\\{|\\*\\s+as\\b|\\")[^;]*?(?:from\\s*)?\\"@?[\\w./-]+\\"', "^\\s*export\\s+(?:\\*|\\{|class|function|const|default)", "\\bregisterRootContext\\b", "\\bclass\\s+\\w+\\s+extends\\s+\\w+", "^\\s*(?:export\\s+)?function\\s+\\w+\\s*\\(", "\\w\\s*\\)?\\s*:\\s*(?:[ui](?:8|16|32|64)|usize|bool|string|void)\\b"] }
];

// src/lab/cell.ts
var EDITORS = { cpp: "C++", rust: "Rust", go: "Go", assemblyscript: "TypeScript" };
var FILES = {
  ".h": "C++",
  ".hh": "C++",
  ".hpp": "C++",
  ".json": "JSON",
  ".yaml": "YAML",
  ".yml": "YAML",
  ".proto": "protobuf"
};
var ABOVE = String.raw`^\s*(?:#(?:[ \t#@%!=-][^\n]*)?\n\s*)*`;
var MAGIC = new RegExp(`${ABOVE}%%(wasm_filter|wasm_file|wasm_test)\\b`);
var PIECE = String.raw`'[^']*'|"(?:[^"\\]|\\.)*"|\\.|[^\s'"\\`;
var COMMENTED = new RegExp(String.raw`^(?:\s|(?:${PIECE}#])(?:${PIECE}])*(?=\s))*#`, "s");
var GOES_ON = /\\[ \t]*\r?\n/g;
var ENDS_ON = /\\[ \t]*\r?$/;
var LANG = /(?:^|\s)(?:--lang(?:uage)?|-l)[\s=]+["']?([\w+]+)/;
var COMMENT = /\/\/[^\n]*|\/\*[\s\S]*?\*\//g;
function languageOf(source) {
  const found = MAGIC.exec(source);
  if (!found) return null;
  const [head, magic2] = found;
  const end = lineEnd(source, head.length);
  const [line, body2] = [bare(source.slice(head.length, end)), source.slice(end)];
  if (magic2 === "wasm_test") return "YAML";
  if (magic2 === "wasm_file") return ofFile(line) ?? "C++";
  const said = LANG.exec(line)?.[1]?.toLowerCase();
  return (said ? ofWord(said) : null) ?? guessed(body2);
}
function lineEnd(text, start) {
  for (let at = start; ; ) {
    const stop = text.indexOf("\n", at);
    if (stop < 0) return text.length;
    const found = ENDS_ON.exec(text.slice(at, stop));
    if (!found || stop + 1 === text.length || COMMENTED.test(oneLine(text.slice(start, at + found.index)))) return stop;
    at = stop + 1;
  }
}
function oneLine(line) {
  return line.replace(GOES_ON, " ");
}
function bare(line) {
  const whole = oneLine(line);
  const found = COMMENTED.exec(whole)?.[0].length;
  return found ? whole.slice(0, found - 1) : whole;
}
function ofWord(word) {
  const found = LANGUAGES.find((one) => one.word === word || one.spellings.includes(word));
  return (found && EDITORS[found.word]) ?? null;
}
function ofFile(line) {
  const path = line.trim().split(/\s+/)[0] ?? "";
  const suffix = /\.\w+$/.exec(path)?.[0] ?? "";
  const language = LANGUAGES.find((one) => one.suffixes.includes(suffix));
  return (language ? EDITORS[language.word] : FILES[suffix]) ?? null;
}
function guessed(body2) {
  const code = body2.replace(COMMENT, (comment) => comment.replace(/[^\n]/g, " "));
  const counts = LANGUAGES.map(({ word, signs }) => ({
    word,
    count: signs.filter((sign2) => new RegExp(sign2, "m").test(code)).length
  })).sort((one, other) => other.count - one.count);
  const [first, second] = counts;
  if (!first?.count || first.count === second?.count) return "C++";
  return EDITORS[first.word] ?? "C++";
}

// src/lab/mixed.ts
var import_language = require("@codemirror/language");
var import_common = require("@lezer/common");
var import_highlight = require("@lezer/highlight");
var data = (0, import_language.defineLanguageFacet)({});
var top = import_common.NodeType.define({ id: 0, name: "Cell", top: true, props: [[import_language.languageDataProp, data]] });
var magic = import_common.NodeType.define({ id: 1, name: "Magic" });
var body = import_common.NodeType.define({ id: 2, name: "Body" });
var nodes = new import_common.NodeSet([top, magic, body]).extend((0, import_highlight.styleTags)({ Magic: import_highlight.tags.operator }));
var [CELL, MAGIC2, BODY] = nodes.types;
function mixed(name, inner) {
  const nested = (0, import_common.parseMixed)((node) => node.type === BODY ? { parser: inner.language.parser } : null);
  return new import_language.LanguageSupport(new import_language.Language(data, new CellParser(nested), [], name), inner.support);
}
var TOP = new RegExp(ABOVE);
var CellParser = class extends import_common.Parser {
  constructor(nested) {
    super();
    this.nested = nested;
  }
  nested;
  createParse(input, fragments, ranges) {
    return this.nested(new Lines(input), input, fragments, ranges);
  }
};
var Lines = class {
  constructor(input) {
    this.input = input;
  }
  input;
  parsedPos = 0;
  stoppedAt = null;
  advance() {
    const { length } = this.input;
    const line = this.line();
    const head = new import_common.Tree(MAGIC2, [], [], line);
    const rest = new import_common.Tree(BODY, [], [], Math.max(length - line - 1, 0));
    this.parsedPos = length;
    return line < length ? new import_common.Tree(CELL, [head, rest], [0, line + 1], length) : new import_common.Tree(CELL, [head], [0], length);
  }
  stopAt(position) {
    this.stoppedAt = position;
  }
  line() {
    const { length } = this.input;
    const text = this.input.read(0, length);
    return lineEnd(text, TOP.exec(text)?.[0].length ?? 0);
  }
};

// src/lab/mimes.ts
var WORDS = {
  "C++": "cpp",
  Rust: "rust",
  Go: "go",
  TypeScript: "assemblyscript",
  JSON: "json",
  YAML: "yaml",
  protobuf: "proto"
};
function mimeOf(language) {
  return `text/x-wasmnb-${WORDS[language]}`;
}
var MIMES = new Set(Object.keys(WORDS).map(mimeOf));
function register(registry) {
  for (const [language, word] of Object.entries(WORDS)) {
    const name = `wasmnb-${word}`;
    registry.addLanguage({
      name,
      displayName: `${language} (wasmnb)`,
      mime: `text/x-wasmnb-${word}`,
      load: async () => {
        const found = await registry.getLanguage(language);
        if (!found?.support) throw new Error(`JupyterLab has no ${language}`);
        return mixed(name, found.support);
      }
    });
  }
}

// src/lab/typing.ts
var PAUSE = 150;
var OURS = new RegExp(`${ABOVE}%%wasm_filter\\b`);
var LONGEST = 2e5;
var Typing = class {
  constructor(send) {
    this.send = send;
  }
  send;
  clocks = /* @__PURE__ */ new Map();
  asked = /* @__PURE__ */ new Set();
  /** A key in a cell; `settled` is called after the pause. */
  key(cell, settled) {
    if (this.asked.delete(cell.id)) this.send({ cell: cell.id, source: null });
    clearTimeout(this.clocks.get(cell.id));
    this.clocks.set(
      cell.id,
      setTimeout(() => {
        this.clocks.delete(cell.id);
        if (cell.isDisposed) return;
        settled();
        const source = cell.sharedModel.getSource();
        if (!OURS.test(source) || source.length > LONGEST) return;
        if (this.send({ cell: cell.id, source })) this.asked.add(cell.id);
      }, PAUSE)
    );
  }
  /** A cell is gone: nobody waits for it. */
  gone(cell) {
    clearTimeout(this.clocks.get(cell));
    this.clocks.delete(cell);
    if (this.asked.delete(cell)) this.send({ cell, source: null });
  }
  dispose() {
    for (const clock of this.clocks.values()) clearTimeout(clock);
    this.clocks.clear();
  }
};

// src/lab/undo.ts
var Undo = class {
  steps = [];
  add(step) {
    this.steps.push(step);
  }
  /** Listen until then. */
  connect(signal, slot) {
    signal.connect(slot);
    this.add(() => signal.disconnect(slot));
  }
  /** Undo all, the last first. */
  run() {
    for (const step of this.steps.splice(0).reverse()) step();
  }
};

// src/lab/cells.ts
function followNotebooks(tracker, follow) {
  tracker.forEach(follow);
  tracker.widgetAdded.connect((_, panel) => follow(panel));
}
function followCells(model, undo, follow) {
  const followed = /* @__PURE__ */ new Map();
  const look = () => {
    const there = /* @__PURE__ */ new Set();
    for (let index = 0; index < model.cells.length; index += 1) {
      const cell = model.cells.get(index);
      if (cell.type !== "code") continue;
      there.add(cell);
      if (followed.has(cell)) continue;
      const own = new Undo();
      followed.set(cell, own);
      follow(cell, own);
    }
    for (const [cell, own] of followed) {
      if (there.has(cell)) continue;
      followed.delete(cell);
      own.run();
    }
  };
  undo.connect(model.cells.changed, look);
  undo.add(() => {
    for (const own of followed.values()) own.run();
    followed.clear();
  });
  look();
}
function followNotebook(panel) {
  let undo = new Undo();
  const model = () => {
    undo.run();
    undo = new Undo();
    const found = panel.content.model;
    if (found) followCells(found, undo, (cell, own) => followCell(cell, own, () => panel.content.codeMimetype));
  };
  panel.content.modelChanged.connect(model);
  panel.disposed.connect(() => undo.run());
  model();
}
function followCell(cell, undo, usual) {
  let clock;
  const settle = () => {
    if (cell.isDisposed) return;
    const language = languageOf(cell.sharedModel.getSource());
    if (language) cell.mimeType = mimeOf(language);
    else if (MIMES.has(cell.mimeType)) cell.mimeType = usual();
  };
  undo.connect(cell.sharedModel.changed, (_, change) => {
    if (!change.sourceChange) return;
    clearTimeout(clock);
    clock = setTimeout(settle, PAUSE);
  });
  undo.connect(cell.mimeTypeChanged, settle);
  undo.add(() => clearTimeout(clock));
  settle();
}

// src/lab/below.ts
function putBelow(panel, cell, source) {
  const { content } = panel;
  const below = content.widgets.indexOf(cell) + 1;
  const there = content.widgets[below]?.model.sharedModel.getSource() === source;
  if (!there) content.model?.sharedModel.insertCell(below, { cell_type: "code", source });
  goTo(panel, below);
  return `${firstLine(source)} ${there ? "is in the cell below already" : "was put in the cell below"}; ${RUNS}`;
}
function putCases(panel, cell, source, before) {
  const cells2 = panel.content.widgets;
  const first = firstLine(source);
  const index = before.trim() ? cells2.findIndex((one) => {
    const text = one.model.sharedModel.getSource();
    const [head2, body2] = parts(text);
    return (head2 === first || head2.startsWith(`${first} `)) && body2.trim() === before.trim();
  }) : -1;
  const found = cells2[index];
  if (!found) return putBelow(panel, cell, source);
  const shared = found.model.sharedModel;
  const [head, , above] = parts(shared.getSource());
  shared.setSource(`${above}${head}
${parts(source)[1].trim()}`);
  goTo(panel, index);
  return `added to the cell ${first} ${index > cells2.indexOf(cell) ? "below" : "above"}; ${RUNS}`;
}
var TOP2 = new RegExp(ABOVE);
var RUNS = "Shift Enter runs it";
function goTo(panel, index) {
  panel.content.deselectAll();
  panel.content.activeCellIndex = index;
  panel.content.mode = "edit";
}
function firstLine(source) {
  return parts(source)[0];
}
function parts(source) {
  const above = TOP2.exec(source)?.[0] ?? "";
  const end = lineEnd(source, above.length);
  return [source.slice(above.length, end).trimEnd(), source.slice(end + 1), above];
}

// src/lab/answers.ts
var ROW = "wasmnb-answer";
var Answers = class {
  constructor(panel, send) {
    this.panel = panel;
    this.send = send;
  }
  panel;
  send;
  told = /* @__PURE__ */ new Map();
  rows = /* @__PURE__ */ new WeakMap();
  /** Offer what is told, and put the cells that were asked for below their responses. */
  take({ answers, cases }) {
    for (const one of answers) this.told.set(one.cell, one);
    if (answers.length) this.paint();
    for (const one of cases) this.made(one);
  }
  /** Offer nothing any more: the kernel that knew is gone. */
  forget() {
    this.told.clear();
    this.paint();
  }
  /** Have below each cell what may be made of its response. */
  paint() {
    for (const cell of this.panel.content.widgets) {
      const filters = this.told.get(cell.model.id)?.filters ?? [];
      const row = this.rows.get(cell);
      if (!filters.length) {
        row?.remove();
        this.rows.delete(cell);
      } else this.offer(cell, row ?? element("div", { class: ROW, "data-lm-suppress-shortcuts": "true" }), filters);
    }
  }
  offer(cell, row, filters) {
    this.rows.set(cell, row);
    if (!row.isConnected) cell.node.querySelector(":scope > .jp-Cell-outputWrapper")?.after(row);
    const offered = filters.join(" ");
    if (row.dataset.offered === offered) return;
    row.dataset.offered = offered;
    row.replaceChildren(
      ...filters.map((filter) => this.button(cell, row, filter)),
      element("span", { role: "status", class: "wasmnb-problem" })
    );
  }
  button(cell, row, filter) {
    const title = `put %%wasm_test ${filter} below, with this request and this response as a case`;
    const pressed = () => {
      if (row.getAttribute("aria-busy") || !this.send({ cell: cell.model.id, filter })) return;
      row.setAttribute("aria-busy", "true");
      say(row, "the filter is run with it \u2026");
    };
    return element("button", { type: "button", title, onclick: pressed }, `Save as a test of ${filter}`);
  }
  made({ cell: id, before, source, problem }) {
    const cell = this.panel.content.widgets.find((one) => one.model.id === id);
    const row = cell && this.rows.get(cell);
    if (!cell || !row?.hasAttribute("aria-busy")) return;
    row.removeAttribute("aria-busy");
    say(row, source ? putCases(this.panel, cell, source, before) : problem);
  }
};
function say(row, text) {
  row.querySelector("[role=status]")?.replaceChildren(text);
}

// node_modules/@codemirror/lint/dist/index.js
var import_view = require("@codemirror/view");
var import_state = require("@codemirror/state");

// node_modules/crelt/index.js
function crelt() {
  var elt = arguments[0];
  if (typeof elt == "string") elt = document.createElement(elt);
  var i = 1, next2 = arguments[1];
  if (next2 && typeof next2 == "object" && next2.nodeType == null && !Array.isArray(next2)) {
    for (var name in next2) if (Object.prototype.hasOwnProperty.call(next2, name)) {
      var value = next2[name];
      if (typeof value == "string") elt.setAttribute(name, value);
      else if (value != null) elt[name] = value;
    }
    i++;
  }
  for (; i < arguments.length; i++) add(elt, arguments[i]);
  return elt;
}
function add(elt, child) {
  if (typeof child == "string") {
    elt.appendChild(document.createTextNode(child));
  } else if (child == null) {
  } else if (child.nodeType != null) {
    elt.appendChild(child);
  } else if (Array.isArray(child)) {
    for (var i = 0; i < child.length; i++) add(elt, child[i]);
  } else {
    throw new RangeError("Unsupported child node: " + child);
  }
}

// node_modules/@codemirror/lint/dist/index.js
var SelectedDiagnostic = class {
  constructor(from, to, diagnostic) {
    this.from = from;
    this.to = to;
    this.diagnostic = diagnostic;
  }
};
var LintState = class _LintState {
  constructor(diagnostics, panel, selected) {
    this.diagnostics = diagnostics;
    this.panel = panel;
    this.selected = selected;
  }
  static init(diagnostics, panel, state) {
    let diagnosticFilter = state.facet(lintConfig).markerFilter;
    if (diagnosticFilter)
      diagnostics = diagnosticFilter(diagnostics, state);
    let sorted = diagnostics.slice().sort((a, b) => a.from - b.from || a.to - b.to);
    let deco = new import_state.RangeSetBuilder(), active = [], pos = 0;
    let scan = state.doc.iter(), scanPos = 0, docLen = state.doc.length;
    for (let i = 0; ; ) {
      let next2 = i == sorted.length ? null : sorted[i];
      if (!next2 && !active.length)
        break;
      let from, to;
      if (active.length) {
        from = pos;
        to = active.reduce((p, d) => Math.min(p, d.to), next2 && next2.from > from ? next2.from : 1e8);
      } else {
        from = next2.from;
        if (from > docLen)
          break;
        to = next2.to;
        active.push(next2);
        i++;
      }
      while (i < sorted.length) {
        let next3 = sorted[i];
        if (next3.from == from && (next3.to > next3.from || next3.to == from)) {
          active.push(next3);
          i++;
          to = Math.min(next3.to, to);
        } else {
          to = Math.min(next3.from, to);
          break;
        }
      }
      to = Math.min(to, docLen);
      let widget = false;
      if (active.some((d) => d.from == from && (d.to == to || to == docLen))) {
        widget = from == to;
        if (!widget && to - from < 10) {
          let behind = from - (scanPos + scan.value.length);
          if (behind > 0) {
            scan.next(behind);
            scanPos = from;
          }
          for (let check = from; ; ) {
            if (check >= to) {
              widget = true;
              break;
            }
            if (!scan.lineBreak && scanPos + scan.value.length > check)
              break;
            check = scanPos + scan.value.length;
            scanPos += scan.value.length;
            scan.next();
          }
        }
      }
      let sev = maxSeverity(active);
      if (widget) {
        deco.add(from, from, import_view.Decoration.widget({
          widget: new DiagnosticWidget(sev),
          diagnostics: active.slice()
        }));
      } else {
        let markClass = active.reduce((c, d) => d.markClass ? c + " " + d.markClass : c, "");
        deco.add(from, to, import_view.Decoration.mark({
          class: "cm-lintRange cm-lintRange-" + sev + markClass,
          diagnostics: active.slice(),
          inclusiveEnd: active.some((a) => a.to > to)
        }));
      }
      pos = to;
      if (pos == docLen)
        break;
      for (let i2 = 0; i2 < active.length; i2++)
        if (active[i2].to <= pos)
          active.splice(i2--, 1);
    }
    let set = deco.finish();
    return new _LintState(set, panel, findDiagnostic(set));
  }
};
function findDiagnostic(diagnostics, diagnostic = null, after = 0) {
  let found = null;
  diagnostics.between(after, 1e9, (from, to, { spec }) => {
    if (diagnostic && spec.diagnostics.indexOf(diagnostic) < 0)
      return;
    if (!found)
      found = new SelectedDiagnostic(from, to, diagnostic || spec.diagnostics[0]);
    else if (spec.diagnostics.indexOf(found.diagnostic) < 0)
      return false;
    else
      found = new SelectedDiagnostic(found.from, to, found.diagnostic);
  });
  return found;
}
function hideTooltip(tr, tooltip) {
  let from = tooltip.pos, to = tooltip.end || from;
  let result = tr.state.facet(lintConfig).hideOn(tr, from, to);
  if (result != null)
    return result;
  let line = tr.startState.doc.lineAt(tooltip.pos);
  return !!(tr.effects.some((e) => e.is(setDiagnosticsEffect)) || tr.changes.touchesRange(line.from, Math.max(line.to, to)));
}
function maybeEnableLint(state, effects) {
  return state.field(lintState, false) ? effects : effects.concat(import_state.StateEffect.appendConfig.of(lintExtensions));
}
function setDiagnostics(state, diagnostics) {
  return {
    effects: maybeEnableLint(state, [setDiagnosticsEffect.of(diagnostics)])
  };
}
var setDiagnosticsEffect = /* @__PURE__ */ import_state.StateEffect.define();
var togglePanel = /* @__PURE__ */ import_state.StateEffect.define();
var movePanelSelection = /* @__PURE__ */ import_state.StateEffect.define();
var lintState = /* @__PURE__ */ import_state.StateField.define({
  create() {
    return new LintState(import_view.Decoration.none, null, null);
  },
  update(value, tr) {
    if (tr.docChanged && value.diagnostics.size) {
      let mapped = value.diagnostics.map(tr.changes), selected = null, panel = value.panel;
      if (value.selected) {
        let selPos = tr.changes.mapPos(value.selected.from, 1);
        selected = findDiagnostic(mapped, value.selected.diagnostic, selPos) || findDiagnostic(mapped, null, selPos);
      }
      if (!mapped.size && panel && tr.state.facet(lintConfig).autoPanel)
        panel = null;
      value = new LintState(mapped, panel, selected);
    }
    for (let effect of tr.effects) {
      if (effect.is(setDiagnosticsEffect)) {
        let panel = !tr.state.facet(lintConfig).autoPanel ? value.panel : effect.value.length ? LintPanel.open : null;
        value = LintState.init(effect.value, panel, tr.state);
      } else if (effect.is(togglePanel)) {
        value = new LintState(value.diagnostics, effect.value ? LintPanel.open : null, value.selected);
      } else if (effect.is(movePanelSelection)) {
        value = new LintState(value.diagnostics, value.panel, effect.value);
      }
    }
    return value;
  },
  provide: (f) => [
    import_view.showPanel.from(f, (val) => val.panel),
    import_view.EditorView.decorations.from(f, (s) => s.diagnostics)
  ]
});
function diagnosticCount(state) {
  let lint = state.field(lintState, false);
  return lint ? lint.diagnostics.size : 0;
}
var activeMark = /* @__PURE__ */ import_view.Decoration.mark({ class: "cm-lintRange cm-lintRange-active" });
function lintTooltip(view, pos, side) {
  let { diagnostics } = view.state.field(lintState);
  let found, start = -1, end = -1;
  diagnostics.between(pos - (side < 0 ? 1 : 0), pos + (side > 0 ? 1 : 0), (from, to, { spec }) => {
    if (pos >= from && pos <= to && (from == to || (pos > from || side > 0) && (pos < to || side < 0))) {
      found = spec.diagnostics;
      start = from;
      end = to;
      return false;
    }
  });
  let diagnosticFilter = view.state.facet(lintConfig).tooltipFilter;
  if (found && diagnosticFilter)
    found = diagnosticFilter(found, view.state);
  if (!found)
    return null;
  return {
    pos: start,
    end,
    above: true,
    create() {
      return { dom: diagnosticsTooltip(view, found) };
    }
  };
}
function diagnosticsTooltip(view, diagnostics) {
  return crelt("ul", { class: "cm-tooltip-lint" }, diagnostics.map((d) => renderDiagnostic(view, d, false)));
}
var closeLintPanel = (view) => {
  let field = view.state.field(lintState, false);
  if (!field || !field.panel)
    return false;
  view.dispatch({ effects: togglePanel.of(false) });
  return true;
};
var lintConfig = /* @__PURE__ */ import_state.Facet.define({
  combine(input) {
    return {
      sources: input.map((i) => i.source).filter((x) => x != null),
      ...(0, import_state.combineConfig)(input.map((i) => i.config), {
        delay: 750,
        markerFilter: null,
        tooltipFilter: null,
        needsRefresh: null,
        hideOn: () => null
      }, {
        delay: Math.max,
        markerFilter: combineFilter,
        tooltipFilter: combineFilter,
        needsRefresh: (a, b) => !a ? b : !b ? a : (u) => a(u) || b(u),
        hideOn: (a, b) => !a ? b : !b ? a : (t, x, y) => a(t, x, y) || b(t, x, y),
        autoPanel: (a, b) => a || b
      })
    };
  }
});
function combineFilter(a, b) {
  return !a ? b : !b ? a : (d, s) => b(a(d, s), s);
}
function assignKeys(actions) {
  let assigned = [];
  if (actions)
    actions: for (let { name } of actions) {
      for (let i = 0; i < name.length; i++) {
        let ch = name[i];
        if (/[a-zA-Z]/.test(ch) && !assigned.some((c) => c.toLowerCase() == ch.toLowerCase())) {
          assigned.push(ch);
          continue actions;
        }
      }
      assigned.push("");
    }
  return assigned;
}
function renderDiagnostic(view, diagnostic, inPanel) {
  var _a;
  let keys = inPanel ? assignKeys(diagnostic.actions) : [];
  return crelt("li", { class: "cm-diagnostic cm-diagnostic-" + diagnostic.severity }, crelt("span", { class: "cm-diagnosticText" }, diagnostic.renderMessage ? diagnostic.renderMessage(view) : diagnostic.message), (_a = diagnostic.actions) === null || _a === void 0 ? void 0 : _a.map((action, i) => {
    let fired = 0, click = (e) => {
      e.preventDefault();
      if (fired > Date.now() - 100)
        return;
      let found = findDiagnostic(view.state.field(lintState).diagnostics, diagnostic);
      if (found)
        action.apply(view, found.from, found.to);
      fired = Date.now();
    };
    let { name } = action, keyIndex = keys[i] ? name.indexOf(keys[i]) : -1;
    let nameElt = keyIndex < 0 ? name : [
      name.slice(0, keyIndex),
      crelt("u", name.slice(keyIndex, keyIndex + 1)),
      name.slice(keyIndex + 1)
    ];
    let markClass = action.markClass ? " " + action.markClass : "";
    return crelt("button", {
      type: "button",
      class: "cm-diagnosticAction" + markClass,
      onclick: click,
      onmousedown: click,
      "aria-label": ` Action: ${name}${keyIndex < 0 ? "" : ` (access key "${keys[i]})"`}.`
    }, nameElt);
  }), diagnostic.source && crelt("div", { class: "cm-diagnosticSource" }, diagnostic.source));
}
var DiagnosticWidget = class extends import_view.WidgetType {
  constructor(sev) {
    super();
    this.sev = sev;
  }
  eq(other) {
    return other.sev == this.sev;
  }
  toDOM() {
    return crelt("span", { class: "cm-lintPoint cm-lintPoint-" + this.sev });
  }
};
var PanelItem = class {
  constructor(view, diagnostic) {
    this.diagnostic = diagnostic;
    this.id = "item_" + Math.floor(Math.random() * 4294967295).toString(16);
    this.dom = renderDiagnostic(view, diagnostic, true);
    this.dom.id = this.id;
    this.dom.setAttribute("role", "option");
  }
};
var LintPanel = class _LintPanel {
  constructor(view) {
    this.view = view;
    this.items = [];
    let onkeydown = (event) => {
      if (event.ctrlKey || event.altKey || event.metaKey)
        return;
      if (event.keyCode == 27) {
        closeLintPanel(this.view);
        this.view.focus();
      } else if (event.keyCode == 38 || event.keyCode == 33) {
        this.moveSelection((this.selectedIndex - 1 + this.items.length) % this.items.length);
      } else if (event.keyCode == 40 || event.keyCode == 34) {
        this.moveSelection((this.selectedIndex + 1) % this.items.length);
      } else if (event.keyCode == 36) {
        this.moveSelection(0);
      } else if (event.keyCode == 35) {
        this.moveSelection(this.items.length - 1);
      } else if (event.keyCode == 13) {
        this.view.focus();
      } else if (event.keyCode >= 65 && event.keyCode <= 90 && this.selectedIndex >= 0) {
        let { diagnostic } = this.items[this.selectedIndex], keys = assignKeys(diagnostic.actions);
        for (let i = 0; i < keys.length; i++)
          if (keys[i].toUpperCase().charCodeAt(0) == event.keyCode) {
            let found = findDiagnostic(this.view.state.field(lintState).diagnostics, diagnostic);
            if (found)
              diagnostic.actions[i].apply(view, found.from, found.to);
          }
      } else {
        return;
      }
      event.preventDefault();
    };
    let onclick = (event) => {
      for (let i = 0; i < this.items.length; i++) {
        if (this.items[i].dom.contains(event.target))
          this.moveSelection(i);
      }
    };
    this.list = crelt("ul", {
      tabIndex: 0,
      role: "listbox",
      "aria-label": this.view.state.phrase("Diagnostics"),
      onkeydown,
      onclick
    });
    this.dom = crelt("div", { class: "cm-panel-lint" }, this.list, crelt("button", {
      type: "button",
      name: "close",
      "aria-label": this.view.state.phrase("close"),
      onclick: () => closeLintPanel(this.view)
    }, "\xD7"));
    this.update();
  }
  get selectedIndex() {
    let selected = this.view.state.field(lintState).selected;
    if (!selected)
      return -1;
    for (let i = 0; i < this.items.length; i++)
      if (this.items[i].diagnostic == selected.diagnostic)
        return i;
    return -1;
  }
  update() {
    let { diagnostics, selected } = this.view.state.field(lintState);
    let i = 0, needsSync = false, newSelectedItem = null;
    let seen = /* @__PURE__ */ new Set();
    diagnostics.between(0, this.view.state.doc.length, (_start, _end, { spec }) => {
      for (let diagnostic of spec.diagnostics) {
        if (seen.has(diagnostic))
          continue;
        seen.add(diagnostic);
        let found = -1, item2;
        for (let j = i; j < this.items.length; j++)
          if (this.items[j].diagnostic == diagnostic) {
            found = j;
            break;
          }
        if (found < 0) {
          item2 = new PanelItem(this.view, diagnostic);
          this.items.splice(i, 0, item2);
          needsSync = true;
        } else {
          item2 = this.items[found];
          if (found > i) {
            this.items.splice(i, found - i);
            needsSync = true;
          }
        }
        if (selected && item2.diagnostic == selected.diagnostic) {
          if (!item2.dom.hasAttribute("aria-selected")) {
            item2.dom.setAttribute("aria-selected", "true");
            newSelectedItem = item2;
          }
        } else if (item2.dom.hasAttribute("aria-selected")) {
          item2.dom.removeAttribute("aria-selected");
        }
        i++;
      }
    });
    while (i < this.items.length && !(this.items.length == 1 && this.items[0].diagnostic.from < 0)) {
      needsSync = true;
      this.items.pop();
    }
    if (this.items.length == 0) {
      this.items.push(new PanelItem(this.view, {
        from: -1,
        to: -1,
        severity: "info",
        message: this.view.state.phrase("No diagnostics")
      }));
      needsSync = true;
    }
    if (newSelectedItem) {
      this.list.setAttribute("aria-activedescendant", newSelectedItem.id);
      this.view.requestMeasure({
        key: this,
        read: () => ({ sel: newSelectedItem.dom.getBoundingClientRect(), panel: this.list.getBoundingClientRect() }),
        write: ({ sel, panel }) => {
          let scaleY = panel.height / this.list.offsetHeight;
          if (sel.top < panel.top)
            this.list.scrollTop -= (panel.top - sel.top) / scaleY;
          else if (sel.bottom > panel.bottom)
            this.list.scrollTop += (sel.bottom - panel.bottom) / scaleY;
        }
      });
    } else if (this.selectedIndex < 0) {
      this.list.removeAttribute("aria-activedescendant");
    }
    if (needsSync)
      this.sync();
  }
  sync() {
    let domPos = this.list.firstChild;
    function rm() {
      let prev = domPos;
      domPos = prev.nextSibling;
      prev.remove();
    }
    for (let item2 of this.items) {
      if (item2.dom.parentNode == this.list) {
        while (domPos != item2.dom)
          rm();
        domPos = item2.dom.nextSibling;
      } else {
        this.list.insertBefore(item2.dom, domPos);
      }
    }
    while (domPos)
      rm();
  }
  moveSelection(selectedIndex) {
    if (this.selectedIndex < 0)
      return;
    let field = this.view.state.field(lintState);
    let selection = findDiagnostic(field.diagnostics, this.items[selectedIndex].diagnostic);
    if (!selection)
      return;
    this.view.dispatch({
      selection: { anchor: selection.from, head: selection.to },
      scrollIntoView: true,
      effects: movePanelSelection.of(selection)
    });
  }
  static open(view) {
    return new _LintPanel(view);
  }
};
function svg(content, attrs = `viewBox="0 0 40 40"`) {
  return `url('data:image/svg+xml,<svg xmlns="http://www.w3.org/2000/svg" ${attrs}>${encodeURIComponent(content)}</svg>')`;
}
function underline(color) {
  return svg(`<path d="m0 2.5 l2 -1.5 l1 0 l2 1.5 l1 0" stroke="${color}" fill="none" stroke-width=".7"/>`, `width="6" height="3"`);
}
var baseTheme = /* @__PURE__ */ import_view.EditorView.baseTheme({
  ".cm-diagnostic": {
    padding: "3px 6px 3px 8px",
    marginLeft: "-1px",
    display: "block",
    whiteSpace: "pre-wrap"
  },
  ".cm-diagnostic-error": { borderLeft: "5px solid #d11" },
  ".cm-diagnostic-warning": { borderLeft: "5px solid orange" },
  ".cm-diagnostic-info": { borderLeft: "5px solid #999" },
  ".cm-diagnostic-hint": { borderLeft: "5px solid #66d" },
  ".cm-diagnosticAction": {
    font: "inherit",
    border: "none",
    padding: "2px 4px",
    backgroundColor: "#444",
    color: "white",
    borderRadius: "3px",
    marginLeft: "8px",
    cursor: "pointer"
  },
  ".cm-diagnosticSource": {
    fontSize: "70%",
    opacity: 0.7
  },
  ".cm-lintRange": {
    backgroundPosition: "left bottom",
    backgroundRepeat: "repeat-x",
    paddingBottom: "0.7px"
  },
  ".cm-lintRange-error": { backgroundImage: /* @__PURE__ */ underline("#f11") },
  ".cm-lintRange-warning": { backgroundImage: /* @__PURE__ */ underline("orange") },
  ".cm-lintRange-info": { backgroundImage: /* @__PURE__ */ underline("#999") },
  ".cm-lintRange-hint": { backgroundImage: /* @__PURE__ */ underline("#66d") },
  ".cm-lintRange-active": { backgroundColor: "#ffdd9980" },
  ".cm-tooltip-lint": {
    padding: 0,
    margin: 0
  },
  ".cm-lintPoint": {
    position: "relative",
    "&:after": {
      content: '""',
      position: "absolute",
      bottom: 0,
      left: "-2px",
      borderLeft: "3px solid transparent",
      borderRight: "3px solid transparent",
      borderBottom: "4px solid #d11"
    }
  },
  ".cm-lintPoint-warning": {
    "&:after": { borderBottomColor: "orange" }
  },
  ".cm-lintPoint-info": {
    "&:after": { borderBottomColor: "#999" }
  },
  ".cm-lintPoint-hint": {
    "&:after": { borderBottomColor: "#66d" }
  },
  ".cm-panel.cm-panel-lint": {
    position: "relative",
    "& ul": {
      maxHeight: "100px",
      overflowY: "auto",
      "& [aria-selected]": {
        backgroundColor: "#ddd",
        "& u": { textDecoration: "underline" }
      },
      "&:focus [aria-selected]": {
        background_fallback: "#bdf",
        backgroundColor: "Highlight",
        color_fallback: "white",
        color: "HighlightText"
      },
      "& u": { textDecoration: "none" },
      padding: 0,
      margin: 0
    },
    "& [name=close]": {
      position: "absolute",
      top: "0",
      right: "2px",
      background: "inherit",
      border: "none",
      font: "inherit",
      padding: 0,
      margin: 0
    }
  },
  "&dark .cm-lintRange-active": { backgroundColor: "#86714a80" },
  "&dark .cm-panel.cm-panel-lint ul": {
    "& [aria-selected]": {
      backgroundColor: "#2e343e"
    }
  }
});
function severityWeight(sev) {
  return sev == "error" ? 4 : sev == "warning" ? 3 : sev == "info" ? 2 : 1;
}
function maxSeverity(diagnostics) {
  let sev = "hint", weight = 1;
  for (let d of diagnostics) {
    let w = severityWeight(d.severity);
    if (w > weight) {
      weight = w;
      sev = d.severity;
    }
  }
  return sev;
}
var LintGutterMarker = class extends import_view.GutterMarker {
  constructor(diagnostics) {
    super();
    this.diagnostics = diagnostics;
    this.severity = maxSeverity(diagnostics);
  }
  toDOM(view) {
    let elt = document.createElement("div");
    elt.className = "cm-lint-marker cm-lint-marker-" + this.severity;
    let diagnostics = this.diagnostics;
    let diagnosticsFilter = view.state.facet(lintGutterConfig).tooltipFilter;
    if (diagnosticsFilter)
      diagnostics = diagnosticsFilter(diagnostics, view.state);
    if (diagnostics.length)
      elt.onmouseover = () => gutterMarkerMouseOver(view, elt, diagnostics);
    return elt;
  }
};
function trackHoverOn(view, marker) {
  let mousemove = (event) => {
    let rect = marker.getBoundingClientRect();
    if (event.clientX > rect.left - 10 && event.clientX < rect.right + 10 && event.clientY > rect.top - 10 && event.clientY < rect.bottom + 10)
      return;
    for (let target = event.target; target; target = target.parentNode) {
      if (target.nodeType == 1 && target.classList.contains("cm-tooltip-lint"))
        return;
    }
    window.removeEventListener("mousemove", mousemove);
    if (view.state.field(lintGutterTooltip))
      view.dispatch({ effects: setLintGutterTooltip.of(null) });
  };
  window.addEventListener("mousemove", mousemove);
}
function gutterMarkerMouseOver(view, marker, diagnostics) {
  function hovered() {
    let line = view.elementAtHeight(marker.getBoundingClientRect().top + 5 - view.documentTop);
    const linePos = view.coordsAtPos(line.from);
    if (linePos) {
      view.dispatch({ effects: setLintGutterTooltip.of({
        pos: line.from,
        above: false,
        clip: false,
        create() {
          return {
            dom: diagnosticsTooltip(view, diagnostics),
            getCoords: () => marker.getBoundingClientRect()
          };
        }
      }) });
    }
    marker.onmouseout = marker.onmousemove = null;
    trackHoverOn(view, marker);
  }
  let { hoverTime } = view.state.facet(lintGutterConfig);
  let hoverTimeout = setTimeout(hovered, hoverTime);
  marker.onmouseout = () => {
    clearTimeout(hoverTimeout);
    marker.onmouseout = marker.onmousemove = null;
  };
  marker.onmousemove = () => {
    clearTimeout(hoverTimeout);
    hoverTimeout = setTimeout(hovered, hoverTime);
  };
}
function markersForDiagnostics(doc, diagnostics) {
  let byLine = /* @__PURE__ */ Object.create(null);
  for (let diagnostic of diagnostics) {
    let line = doc.lineAt(diagnostic.from);
    (byLine[line.from] || (byLine[line.from] = [])).push(diagnostic);
  }
  let markers = [];
  for (let line in byLine) {
    markers.push(new LintGutterMarker(byLine[line]).range(+line));
  }
  return import_state.RangeSet.of(markers, true);
}
var lintGutterExtension = /* @__PURE__ */ (0, import_view.gutter)({
  class: "cm-gutter-lint",
  markers: (view) => view.state.field(lintGutterMarkers),
  widgetMarker: (view, widget, block) => {
    let diagnostics = [];
    view.state.field(lintGutterMarkers).between(block.from, block.to, (from, to, value) => {
      if (from > block.from && from < block.to)
        diagnostics.push(...value.diagnostics);
    });
    return diagnostics.length ? new LintGutterMarker(diagnostics) : null;
  }
});
var lintGutterMarkers = /* @__PURE__ */ import_state.StateField.define({
  create() {
    return import_state.RangeSet.empty;
  },
  update(markers, tr) {
    markers = markers.map(tr.changes);
    let diagnosticFilter = tr.state.facet(lintGutterConfig).markerFilter;
    for (let effect of tr.effects) {
      if (effect.is(setDiagnosticsEffect)) {
        let diagnostics = effect.value;
        if (diagnosticFilter)
          diagnostics = diagnosticFilter(diagnostics || [], tr.state);
        markers = markersForDiagnostics(tr.state.doc, diagnostics.slice(0));
      }
    }
    return markers;
  }
});
var setLintGutterTooltip = /* @__PURE__ */ import_state.StateEffect.define();
var lintGutterTooltip = /* @__PURE__ */ import_state.StateField.define({
  create() {
    return null;
  },
  update(tooltip, tr) {
    if (tooltip && tr.docChanged)
      tooltip = hideTooltip(tr, tooltip) ? null : { ...tooltip, pos: tr.changes.mapPos(tooltip.pos) };
    return tr.effects.reduce((t, e) => e.is(setLintGutterTooltip) ? e.value : t, tooltip);
  },
  provide: (field) => import_view.showTooltip.from(field)
});
var lintGutterTheme = /* @__PURE__ */ import_view.EditorView.baseTheme({
  ".cm-gutter-lint": {
    width: "1.4em",
    "& .cm-gutterElement": {
      padding: ".2em"
    }
  },
  ".cm-lint-marker": {
    width: "1em",
    height: "1em"
  },
  ".cm-lint-marker-info": {
    content: /* @__PURE__ */ svg(`<path fill="#aaf" stroke="#77e" stroke-width="6" stroke-linejoin="round" d="M5 5L35 5L35 35L5 35Z"/>`)
  },
  ".cm-lint-marker-warning": {
    content: /* @__PURE__ */ svg(`<path fill="#fe8" stroke="#fd7" stroke-width="6" stroke-linejoin="round" d="M20 6L37 35L3 35Z"/>`)
  },
  ".cm-lint-marker-error": {
    content: /* @__PURE__ */ svg(`<circle cx="20" cy="20" r="15" fill="#f87" stroke="#f43" stroke-width="6"/>`)
  }
});
var lintHover = /* @__PURE__ */ (0, import_view.hoverTooltip)(lintTooltip, { hideOn: hideTooltip });
var lintExtensions = [
  lintState,
  /* @__PURE__ */ import_view.EditorView.decorations.compute([lintState], (state) => {
    let { selected, panel } = state.field(lintState);
    return !selected || !panel || selected.from == selected.to ? import_view.Decoration.none : import_view.Decoration.set([
      activeMark.range(selected.from, selected.to)
    ]);
  }),
  lintHover,
  baseTheme
];
var lintGutterConfig = /* @__PURE__ */ import_state.Facet.define({
  combine(configs) {
    return (0, import_state.combineConfig)(configs, {
      hoverTime: 300,
      markerFilter: null,
      tooltipFilter: null
    });
  }
});
function lintGutter(config = {}) {
  return [lintGutterConfig.of(config), lintGutterMarkers, lintGutterExtension, lintGutterTheme, lintGutterTooltip];
}
function forEachDiagnostic(state, f) {
  let lState = state.field(lintState, false);
  if (lState && lState.diagnostics.size) {
    let pending = [], pendingStart = [], lastEnd = -1;
    for (let iter = import_state.RangeSet.iter([lState.diagnostics]); ; iter.next()) {
      for (let i = 0; i < pending.length; i++)
        if (!iter.value || iter.value.spec.diagnostics.indexOf(pending[i]) < 0) {
          f(pending[i], pendingStart[i], lastEnd);
          pending.splice(i, 1);
          pendingStart.splice(i--, 1);
        }
      if (!iter.value)
        break;
      for (let d of iter.value.spec.diagnostics)
        if (pending.indexOf(d) < 0) {
          pending.push(d);
          pendingStart.push(iter.from);
        }
      lastEnd = iter.to;
    }
  }
}

// src/lab/marklist.ts
var LIST = "wasmnb-marks";
function listMarks(cell) {
  const view = cell.editor?.editor;
  if (!view) return false;
  const found = marked(view);
  if (!found.length) return false;
  const attributes = { class: LIST, role: "group", "aria-label": "what is marked in the cell" };
  const list = element("div", { ...attributes, "data-lm-suppress-shortcuts": "true" });
  const leave = () => {
    view.focus();
    list.remove();
  };
  list.append(element("ul", {}, ...found.map((one) => item(view, one, leave))));
  list.addEventListener("focusout", ({ relatedTarget }) => {
    if (!list.contains(relatedTarget)) list.remove();
  });
  list.addEventListener("keydown", ({ key }) => {
    if (key === "Escape") leave();
  });
  cell.node.querySelector(":scope > .jp-Cell-inputWrapper")?.after(list);
  list.querySelector("button")?.focus();
  return true;
}
function item(view, { diagnostic, from }, leave) {
  const go = () => {
    leave();
    const now = marked(view).find((one) => one.diagnostic === diagnostic);
    if (now) view.dispatch({ selection: { anchor: now.from, head: now.to }, scrollIntoView: true });
  };
  const apply2 = (action) => {
    leave();
    const now = marked(view).find((one) => one.diagnostic === diagnostic);
    if (now) action.apply(view, now.from, now.to);
  };
  const words = `line ${view.state.doc.lineAt(from).number}: ${diagnostic.message}`;
  const actions = (diagnostic.actions ?? []).map(
    (action) => element("button", { type: "button", onclick: () => apply2(action) }, action.name)
  );
  return element("li", {}, element("button", { type: "button", onclick: go }, words), ...actions);
}
function marked(view) {
  const found = [];
  forEachDiagnostic(view.state, (diagnostic, from, to) => found.push({ diagnostic, from, to }));
  return found.sort((one, other) => one.from - other.from);
}

// src/lab/squiggles.ts
var import_state2 = require("@codemirror/state");
var import_view2 = require("@codemirror/view");

// src/lab/mark.ts
var TABLE = Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? value >>> 1 ^ 3988292384 : value >>> 1;
  return value >>> 0;
});
function mark(source) {
  const bytes = new TextEncoder().encode(source);
  let sum = 4294967295;
  for (const byte of bytes) sum = sum >>> 8 ^ (TABLE[(sum ^ byte) & 255] ?? 0);
  return `${((sum ^ 4294967295) >>> 0).toString(16).padStart(8, "0")}-${bytes.length}`;
}

// src/lab/places.ts
var WORD = /^[\p{L}\p{N}_$]+/u;
function rangeOf(text, mark2) {
  if (mark2.line < 1 || mark2.line > text.lines) return null;
  const line = text.line(mark2.line);
  const indent = line.text.length - line.text.trimStart().length;
  if (!mark2.column) return { from: line.from + indent, to: line.to };
  const from = positionOf(text, mark2.line, mark2.column);
  const to = mark2.end_column ? positionOf(text, mark2.end_line, mark2.end_column) : from;
  if (to > from) return { from, to };
  const rest = line.text.slice(from - line.from);
  const word = WORD.exec(rest)?.[0] ?? [...rest][0];
  if (word) return { from, to: from + word.length };
  const last = [...line.text.trimEnd()].at(-1);
  const end = line.from + line.text.trimEnd().length;
  return last ? { from: end - last.length, to: end } : { from, to: from };
}
function positionOf(text, line, column) {
  const found = text.line(Math.min(Math.max(line, 1), text.lines));
  const before = [...found.text].slice(0, Math.max(column - 1, 0)).join("");
  return found.from + before.length;
}
function changesOf(text, edits, moved) {
  return edits.map((edit) => ({
    from: positionOf(text, edit.line + moved, edit.column),
    to: positionOf(text, edit.end_line + moved, edit.end_column),
    insert: edit.text
  }));
}

// src/lab/squiggles.ts
var WHO = { compiler: "compiler", test: "case", trap: "crash" };
var ready = /* @__PURE__ */ new WeakSet();
var goWithTheirLines = import_state2.EditorState.transactionExtender.of((change) => {
  if (!change.docChanged || !diagnosticCount(change.startState)) return null;
  const kept = [];
  forEachDiagnostic(change.startState, (one, from, to) => {
    const now = { from: change.changes.mapPos(from, 1), to: change.changes.mapPos(to, -1) };
    const same = inLine(change.startState.doc, from) === inLine(change.newDoc, now.from);
    if (same && change.startState.sliceDoc(from, to) === change.newDoc.sliceString(now.from, now.to))
      kept.push({ ...one, ...now });
  });
  return kept.length < diagnosticCount(change.startState) ? { effects: setDiagnosticsEffect.of(kept) } : null;
});
function inLine(doc, place) {
  const line = doc.lineAt(place);
  return `${place - line.from} ${line.text}`;
}
function prepare(view) {
  if (ready.has(view)) return;
  ready.add(view);
  const parts2 = [lintGutter(), goWithTheirLines, import_view2.EditorView.editorAttributes.of({ class: "wasmnb-editor" })];
  view.dispatch({ effects: import_state2.StateEffect.appendConfig.of(parts2) });
}
function show(view, told) {
  const kept = [];
  forEachDiagnostic(view.state, (one, from, to) => {
    if (one.kind !== told.kind) kept.push({ ...one, from, to });
  });
  if (!told.marks.length && kept.length === diagnosticCount(view.state)) return;
  prepare(view);
  const made = told.marks.map((one) => squiggle(view, told, one)).filter((one) => one !== null);
  view.dispatch(setDiagnostics(view.state, [...kept, ...made]));
}
function clear(view) {
  if (diagnosticCount(view.state)) view.dispatch(setDiagnostics(view.state, []));
}
function next(view) {
  const found = [];
  forEachDiagnostic(view.state, (_, from, to) => found.push({ from, to }));
  found.sort((one, other) => one.from - other.from);
  const place = found.find(({ from }) => from > view.state.selection.main.from) ?? found[0];
  if (!place) return false;
  view.dispatch({ selection: { anchor: place.from, head: place.to }, scrollIntoView: true });
  view.focus();
  return true;
}
function squiggle(view, told, one) {
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
      apply: (editor, from) => apply(editor, from, told.mark, one.line, fix)
    }))
  };
}
function note(one) {
  const notes = one.notes.map((text) => element("li", {}, text));
  return element("div", { class: "wasmnb-note" }, one.message, ...notes.length ? [element("ul", {}, ...notes)] : []);
}
function apply(view, from, text, line, fix) {
  const { doc } = view.state;
  const same = mark(doc.toString()) === text;
  const here = fix.edits.every((edit) => edit.line === line && edit.end_line === line);
  if (!same && !here) return;
  const changes = changesOf(doc, fix.edits, same ? 0 : doc.lineAt(from).number - line);
  view.dispatch({ changes, userEvent: "input.complete" });
  view.focus();
}

// src/lab/status.ts
var LINE = "wasmnb-status";
var DONE = "wasmnb-done";
function standing(told, draft, source) {
  const text = source === null ? "" : mark(source);
  if (told && text === told.mark) {
    const { sign: sign3, tone: tone2, text: words2, detail: aside2, about: about2, actions: actions2 } = told;
    return { sign: sign3, tone: tone2, text: words2, aside: aside2, about: about2, ready: false, actions: actions2 };
  }
  const tried = draft && draft.mark === text ? draft : void 0;
  if (!told && !tried) return null;
  const words = [told ? "edited since it ran" : "not run yet", tried?.text].filter(Boolean).join(": ");
  const [sign2, tone] = tried?.tone === "bad" ? ["\u2717", "bad"] : told ? ["\u270E", "warn"] : ["\xB7", "quiet"];
  const actions = told?.actions.filter((one) => one.edited) ?? [];
  const [aside, about] = [told?.still ?? "", tried?.about ?? ""];
  return { sign: sign2, tone, text: words, aside, about, ready: tried?.ready ?? false, actions };
}
var StatusLines = class {
  constructor(panel) {
    this.panel = panel;
  }
  panel;
  told = /* @__PURE__ */ new Map();
  drafts = /* @__PURE__ */ new Map();
  lines = /* @__PURE__ */ new WeakMap();
  /** Say what is told. */
  take({ cells: cells2, drafts }) {
    for (const one of cells2) this.told.set(one.cell, one);
    for (const one of drafts) this.drafts.set(one.cell, one);
    const ids = new Set([...cells2, ...drafts].map((one) => one.cell));
    if (ids.size) this.paint(this.panel.content.widgets.filter((cell) => ids.has(cell.model.id)));
  }
  /** Say nothing any more: the kernel that knew is gone. */
  forget() {
    this.told.clear();
    this.drafts.clear();
    this.paint();
  }
  /** A cell is being edited: what is said of it is of another text until it is looked at. */
  edited(model) {
    const told = this.told.get(model.id);
    if (!told && !this.drafts.has(model.id)) return;
    const cell = this.panel.content.widgets.find((one) => one.model === model);
    if (cell) this.say(cell, standing(told, void 0, null));
  }
  /** Say of cells what is known of the text that is in them. */
  paint(cells2 = this.panel.content.widgets) {
    for (const cell of cells2) {
      const { id, sharedModel } = cell.model;
      const [told, draft] = [this.told.get(id), this.drafts.get(id)];
      this.say(cell, told || draft ? standing(told, draft, sharedModel.getSource()) : null);
    }
  }
  say(cell, now) {
    const known = this.lines.get(cell);
    if (!now) {
      known?.remove();
      return;
    }
    const made = known ?? element("div", { class: LINE, "data-lm-suppress-shortcuts": "true" });
    this.lines.set(cell, made);
    if (!made.isConnected) cell.node.querySelector(":scope > .jp-Cell-inputWrapper")?.after(made);
    const said = JSON.stringify(now);
    if (made.dataset.said === said) return;
    made.dataset.said = said;
    made.dataset.ready = String(now.ready);
    const words = made.querySelector("[role=status]") ?? element("span", { role: "status" });
    words.replaceChildren(sign(now.sign, now.tone), element("span", {}, now.text));
    if (now.aside) words.append(element("span", { class: "wasmnb-aside" }, ` \xB7 ${now.aside}`));
    made.title = now.about;
    made.querySelector(`.${DONE}`)?.replaceChildren();
    const offered = JSON.stringify(now.actions);
    if (made.dataset.offered === offered) return;
    made.dataset.offered = offered;
    const done = element("span", { role: "status", class: DONE });
    made.replaceChildren(words, ...now.actions.map((action) => this.button(cell, action, done)), done);
  }
  button(cell, { label, source }, done) {
    const title = `put this in a cell below, to be run: ${source.split("\n")[0]}`;
    const onclick = () => done.replaceChildren(putBelow(this.panel, cell, source));
    const arrow = element("span", { "aria-hidden": "true" }, " \u2193");
    return element("button", { type: "button", title, onclick }, label, arrow);
  }
};

// src/lab/commands.ts
var ABOUT = `# A mesh, and a filter on it

The mesh is the application [bookinfo](https://istio.io/latest/docs/examples/bookinfo/) on this machine, with an Envoy before each of its pods. Run the cells one by one (Shift Enter):
they start it, send a request from productpage to details, put a filter on the pods that have the label app=details, and send the request again.
Then change the text that the filter adds, and run its cell once more. The first filter on a machine prepares the compiler, which can take minutes.`;
var HEADERS = "%wasm_headers productpage details:9080/details/123";
var CELLS = [
  "%load_ext wasmnb\n%wasm_mesh local",
  HEADERS,
  `%%wasm_filter greeter --deploy app=details
#include "proxy_wasm_intrinsics.h"

class Greeter : public Context {
 public:
  using Context::Context;

  FilterHeadersStatus onResponseHeaders(uint32_t, bool) override {
    addResponseHeader("x-greeting", "hello from a cell");
    return FilterHeadersStatus::Continue;
  }
};

static RegisterContextFactory register_Greeter(CONTEXT_FACTORY(Greeter));`,
  HEADERS
];
var ICON = `data:image/svg+xml,${encodeURIComponent(
  `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 52 52"><g fill="none" stroke="#5b6ee1" stroke-width="3"><path d="M26 14 12 38h28z"/></g><g fill="#5b6ee1"><circle cx="12" cy="38" r="7"/><circle cx="40" cy="38" r="7"/></g><circle cx="26" cy="14" r="8" fill="#f08c2e"/></svg>`
)}`;
function addCommands(app, tracker, palette, launcher) {
  const { commands: commands2 } = app;
  const offered = [
    {
      command: "wasmnb:new-notebook",
      label: "Mesh notebook",
      caption: "A new notebook with a mesh, a filter in a cell, and what it does to a response",
      execute: async (args) => {
        const panel = await commands2.execute("notebook:create-new", {
          kernelName: "python3",
          ...args.cwd === void 0 ? {} : { cwd: args.cwd }
        });
        await panel.context.ready;
        const shared = panel.content.model?.sharedModel;
        shared?.deleteCellRange(0, panel.content.model?.cells.length ?? 0);
        shared?.insertCell(0, { cell_type: "markdown", source: ABOUT });
        for (const [index, source] of CELLS.entries()) shared?.insertCell(index + 1, { cell_type: "code", source });
        panel.content.activeCellIndex = 1;
        await commands2.execute("notebook:render-all-markdown", {});
        await panel.context.save();
        return panel;
      }
    },
    {
      command: "wasmnb:next-mark",
      label: "Go to the next mark in the cell",
      caption: "Select the next words that a compiler, a case or a crash is about",
      isEnabled: () => tracker.activeCell?.editor?.editor !== void 0,
      execute: () => {
        const view = tracker.activeCell?.editor?.editor;
        return view ? next(view) : false;
      }
    },
    {
      command: "wasmnb:list-marks",
      label: "List the marks in the cell",
      caption: "What a compiler, cases and crashes are about, with what is suggested, below the active cell",
      isEnabled: () => tracker.activeCell?.editor?.editor !== void 0,
      execute: () => tracker.activeCell ? listMarks(tracker.activeCell) : false
    },
    {
      command: "wasmnb:next-step",
      label: "Go to what the line below the cell offers",
      caption: "Put the focus on the first of the buttons below the active cell",
      isEnabled: () => offering(tracker) !== null,
      execute: () => offering(tracker)?.focus()
    },
    {
      command: "wasmnb:save-test",
      label: "Save the response of the active cell as a test",
      caption: "Put the cases of its filter below, with this request and this response as one of them",
      isEnabled: () => saving(tracker) !== null,
      execute: () => saving(tracker)?.click()
    },
    ...[
      { command: "wasmnb:pods", label: "Show the pods of the mesh", source: "%wasm_pods --watch" },
      { command: "wasmnb:status", label: "Show the verdicts of the mesh", source: "%wasm_status" },
      { command: "wasmnb:panel", label: "Open the panel", source: "%wasm_panel" }
    ].map(({ command, label, source }) => ({
      command,
      label,
      caption: `Put ${source} below the active cell, and run it`,
      isEnabled: () => tracker.currentWidget !== null,
      execute: async () => {
        if (propose(tracker.currentWidget, source)) await commands2.execute("notebook:run-cell", {});
      }
    }))
  ];
  for (const { command, ...options } of offered) {
    commands2.addCommand(command, options);
    palette?.addItem({ command, category: "wasmnb" });
  }
  launcher?.add({ command: "wasmnb:new-notebook", category: "Notebook", rank: 10, kernelIconUrl: ICON });
}
function offering(tracker) {
  return tracker.activeCell?.node.querySelector(`:scope > :is(.${LINE}, .${ROW}) button`) ?? null;
}
function saving(tracker) {
  return tracker.activeCell?.node.querySelector(`:scope > .${ROW} button`) ?? null;
}
function propose(panel, source) {
  if (!panel) return false;
  const { content } = panel;
  const below = content.activeCellIndex + 1;
  content.model?.sharedModel.insertCell(below, { cell_type: "code", source });
  content.deselectAll();
  content.activeCellIndex = below;
  return true;
}

// src/lab/meshitem.ts
var import_widgets = require("@lumino/widgets");
var MeshItem = class extends import_widgets.Widget {
  /** @param pressed - puts below the active cell what shows more */
  constructor(pressed) {
    const words = element("span", { role: "status" });
    super({
      node: element("div", { class: "wasmnb-mesh" }, element("button", { type: "button", onclick: pressed }, words))
    });
  }
  say(mesh) {
    const [button, words] = [this.node.querySelector("button"), this.node.querySelector("[role=status]")];
    if (!button || !words) return;
    button.hidden = !mesh;
    const said = JSON.stringify(mesh);
    if (button.dataset.said === said) return;
    button.dataset.said = said;
    words.replaceChildren(...mesh ? [sign(mesh.sign, mesh.tone), element("span", {}, mesh.text)] : []);
    button.title = mesh ? [mesh.detail, "show the verdicts"].filter(Boolean).join("; ") : "";
  }
};

// src/lab/link.ts
var TARGET = "wasmnb";
var GONE = ["restarting", "autorestarting", "dead"];
var Link = class {
  constructor(context, take, lost) {
    this.context = context;
    this.take = take;
    this.lost = lost;
    this.undo.connect(context.kernelChanged, () => this.renew());
    this.undo.connect(context.statusChanged, (_, status) => this.status(status));
    this.undo.connect(context.connectionStatusChanged, (_, status) => {
      if (status === "connected" && this.comm) this.greet();
    });
    this.undo.connect(context.iopubMessage, (_, { header, content, parent_header: asked }) => {
      if (header.msg_type === "execute_input" && content.code?.includes("wasm")) this.naming = asked.msg_id ?? "";
      if (content.execution_state !== "idle" || !this.naming || asked.msg_id !== this.naming) return;
      this.naming = "";
      if (!this.connected) this.attach();
    });
    const leave = () => this.say({ page: this.page, here: false });
    window.addEventListener("pagehide", leave);
    this.undo.add(() => window.removeEventListener("pagehide", leave));
    this.undo.add(() => {
      leave();
      this.detach();
    });
    this.renew();
  }
  context;
  take;
  lost;
  comm = null;
  connected = false;
  naming = "";
  // A kernel without subshells reads nothing while a cell runs: of each cell, the newest text waits here.
  waiting = /* @__PURE__ */ new Map();
  undo = new Undo();
  // A page that is not secure has no randomUUID.
  page = `${Date.now().toString(36)}-${Math.random().toString(36).slice(2)}`;
  /** Tell the kernel; false where it does not listen. */
  send(message) {
    if (!this.connected) return false;
    if ("source" in message && !this.reads()) this.waiting.set(message.cell, message);
    else this.say(message);
    return true;
  }
  /** Ask for everything: another view of the notebook knows nothing yet. */
  greet() {
    this.say({ page: this.page, here: true });
  }
  dispose() {
    this.undo.run();
  }
  status(status) {
    if (GONE.includes(status)) this.drop();
    if (status !== "idle") return;
    for (const [cell, message] of this.waiting) {
      this.waiting.delete(cell);
      this.say(message);
    }
  }
  reads() {
    return Boolean(this.comm?.subshellId) || this.context.session?.kernel?.status !== "busy";
  }
  say(message) {
    if (this.comm && !this.comm.isDisposed && !this.context.isDisposed) this.comm.send({ ...message });
  }
  drop() {
    this.detach();
    this.lost();
  }
  detach() {
    if (this.comm && !this.comm.isDisposed) this.comm.dispose();
    this.comm = null;
    this.connected = false;
    this.waiting.clear();
  }
  renew() {
    this.drop();
    void this.context.ready.then(() => this.attach());
  }
  attach() {
    const kernel = this.context.session?.kernel;
    if (!kernel?.handleComms || this.context.isDisposed) return;
    if (!this.comm || this.comm.isDisposed) {
      const comm = kernel.createComm(TARGET, TARGET);
      comm.onMsg = (message) => {
        this.connected = true;
        this.take(message.content.data);
      };
      comm.onClose = () => {
        if (this.comm === comm) this.drop();
      };
      this.comm = comm;
    }
    this.greet();
  }
};

// src/lab/jump.ts
var PLACE = /\bcell line (\d+)(?:, column (\d+))?/g;
async function linkLines(panel, cell) {
  await cell.ready;
  const area = cell.node.querySelector(".jp-Cell-outputWrapper");
  if (!area || cell.isDisposed) return;
  const link = () => {
    if (languageOf(cell.model.sharedModel.getSource())) linkIn(area, (line, column) => jump(panel, cell, line, column));
  };
  const observer = new MutationObserver(link);
  observer.observe(area, { childList: true, subtree: true });
  cell.disposed.connect(() => observer.disconnect());
  link();
}
function jump(panel, cell, line, column = 1) {
  panel.content.activeCellIndex = panel.content.widgets.indexOf(cell);
  panel.content.mode = "edit";
  const place = { line: line - 1, column: column - 1 };
  cell.editor?.setCursorPosition(place);
  cell.editor?.revealPosition(place);
  cell.editor?.focus();
}
function linkIn(area, go) {
  const walker = document.createTreeWalker(area, NodeFilter.SHOW_TEXT);
  const found = [];
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const text = node;
    if (text.data.includes("cell line ") && !text.parentElement?.closest("a, button, summary")) found.push(text);
  }
  for (const text of found) {
    const parts2 = [];
    let end = 0;
    for (const match of text.data.matchAll(PLACE)) {
      const [line, column] = [Number(match[1]), Number(match[2] ?? 1)];
      const onclick = (event) => {
        event.preventDefault();
        go(line, column);
      };
      const title = `put the cursor on line ${line}`;
      parts2.push(text.data.slice(end, match.index));
      parts2.push(element("a", { class: "wasmnb-jump", href: "#", title, onclick }, match[0]));
      end = match.index + match[0].length;
    }
    if (parts2.length) text.replaceWith(...parts2, text.data.slice(end));
  }
}

// src/lab/marks.ts
var Marks = class {
  constructor(panel) {
    this.panel = panel;
  }
  panel;
  told = /* @__PURE__ */ new Map();
  /** Show what is told. */
  take(told) {
    for (const one of told) {
      const kinds = this.told.get(one.cell) ?? /* @__PURE__ */ new Map();
      this.told.set(one.cell, kinds.set(one.kind, one));
      const cell = this.panel.content.widgets.find(({ model }) => model.id === one.cell);
      const view = cell?.editor?.editor;
      if (cell && view && mark(cell.model.sharedModel.getSource()) === one.mark) show(view, one);
    }
  }
  /** Show what is known of a cell that is new here, when it has an editor. */
  follow(cell) {
    void cell.ready.then(() => this.paint(cell));
    cell.inViewportChanged.connect(() => void cell.ready.then(() => this.paint(cell)));
  }
  /** Show nothing any more: the kernel that knew is gone. */
  forget() {
    this.told.clear();
    for (const cell of this.panel.content.widgets) {
      if (cell.editor) clear(cell.editor.editor);
    }
  }
  /** Show in a cell what is known of the text that is in it: what was told of it before may be true again. */
  paint(cell) {
    const view = cell.editor?.editor;
    if (cell.isDisposed || !view) return;
    const source = cell.model.sharedModel.getSource();
    if (languageOf(source)) prepare(view);
    const kinds = this.told.get(cell.model.id);
    if (!kinds) return;
    const text = mark(source);
    for (const one of kinds.values()) if (one.mark === text) show(view, one);
  }
};

// src/lab/view.ts
var View = class {
  constructor(panel, send) {
    this.panel = panel;
    this.marks = new Marks(panel);
    this.lines = new StatusLines(panel);
    this.answers = new Answers(panel, send);
    const seen = /* @__PURE__ */ new WeakSet();
    const look = () => {
      for (const cell of panel.content.widgets) {
        if (seen.has(cell)) continue;
        seen.add(cell);
        void linkLines(panel, cell);
        this.marks.follow(cell);
      }
      this.lines.paint();
      this.answers.paint();
    };
    const cells2 = panel.content.model?.cells;
    if (cells2) this.undo.connect(cells2.changed, look);
    look();
  }
  panel;
  marks;
  lines;
  answers;
  undo = new Undo();
  take(told) {
    this.lines.take(told);
    this.marks.take(told.marks);
    this.answers.take(told);
  }
  forget() {
    this.lines.forget();
    this.answers.forget();
    this.marks.forget();
  }
  /** A key was pressed in a cell. */
  edited(model) {
    this.lines.edited(model);
  }
  /** Nobody has typed in a cell for a moment. */
  settled(model) {
    const cell = this.panel.content.widgets.find((one) => one.model === model);
    if (!cell) return;
    this.lines.paint([cell]);
    this.marks.paint(cell);
  }
  dispose() {
    this.undo.run();
  }
};

// src/lab/workbench.ts
var Workbench = class {
  /**
   * @param context - of the notebook
   * @param compiles - whether cells are to be compiled while they are typed
   * @param changed - told when the mesh is another, or stands otherwise
   */
  constructor(context, compiles, changed) {
    this.changed = changed;
    this.link = new Link(
      context.sessionContext,
      (told) => this.take(told),
      () => this.forget()
    );
    const typing = new Typing((message) => compiles() && this.link.send(message));
    this.undo.add(() => this.link.dispose());
    this.undo.add(() => typing.dispose());
    if (!context.model) return;
    followCells(context.model, this.undo, (cell, own) => {
      own.connect(cell.sharedModel.changed, (_, change) => {
        if (!change.sourceChange) return;
        for (const view of this.views.values()) view.edited(cell);
        typing.key(cell, () => {
          for (const view of this.views.values()) view.settled(cell);
        });
      });
      own.add(() => typing.gone(cell.id));
    });
  }
  changed;
  /** The mesh of its kernel; null where none is chosen. */
  mesh = null;
  link;
  views = /* @__PURE__ */ new Map();
  undo = new Undo();
  /** Show it in a view of the notebook, for as long as that is open; what is not shown any more is not listened to. */
  add(panel, closed) {
    this.views.set(panel, new View(panel, (message) => this.link.send(message)));
    if (this.views.size > 1) this.link.greet();
    panel.disposed.connect(() => {
      this.views.get(panel)?.dispose();
      this.views.delete(panel);
      if (this.views.size) return;
      this.undo.run();
      closed();
    });
  }
  take(told) {
    for (const view of this.views.values()) view.take(told);
    this.stands(told.mesh);
  }
  forget() {
    for (const view of this.views.values()) view.forget();
    this.stands(null);
  }
  stands(mesh) {
    if (JSON.stringify(mesh) === JSON.stringify(this.mesh)) return;
    this.mesh = mesh;
    this.changed();
  }
};

// src/lab/index.ts
var cells = {
  id: "wasmnb:cells",
  description: "Shows the cells of filters in their own language.",
  autoStart: true,
  requires: [import_notebook.INotebookTracker, import_codemirror.IEditorLanguageRegistry],
  activate: (_, tracker, registry) => {
    register(registry);
    followNotebooks(tracker, followNotebook);
  }
};
var workbench = {
  id: "wasmnb:workbench",
  description: "Says below each cell of a filter where it stands, and marks what is wrong in it.",
  autoStart: true,
  requires: [import_notebook.INotebookTracker],
  // Notebook 7 has no status bar.
  optional: [import_settingregistry.ISettingRegistry, ...import_statusbar.IStatusBar ? [import_statusbar.IStatusBar] : []],
  activate: async (app, tracker, registry, bar) => {
    document.head.append(element("style", {}, lab_default));
    const settings = await registry?.load("wasmnb:workbench").catch(() => null);
    const marks = () => settings?.get("marks").composite !== false;
    const benches = /* @__PURE__ */ new Map();
    const item2 = bar ? new MeshItem(() => void app.commands.execute("wasmnb:status", {})) : null;
    const say2 = () => {
      const context = tracker.currentWidget?.context;
      item2?.say((context && benches.get(context)?.mesh) ?? null);
    };
    if (item2) bar?.registerStatusItem("wasmnb:mesh", { item: item2, align: "left", rank: 20 });
    tracker.currentChanged.connect(say2);
    followNotebooks(tracker, (panel) => {
      void panel.context.ready.then(() => {
        if (panel.isDisposed) return;
        const bench = benches.get(panel.context) ?? new Workbench(panel.context, marks, say2);
        benches.set(panel.context, bench);
        bench.add(panel, () => benches.delete(panel.context));
        say2();
      });
    });
  }
};
var commands = {
  id: "wasmnb:commands",
  description: "A notebook in the launcher, and commands in the palette.",
  autoStart: true,
  requires: [import_notebook.INotebookTracker],
  // Notebook 7 has no launcher.
  optional: [import_apputils.ICommandPalette, ...import_launcher.ILauncher ? [import_launcher.ILauncher] : []],
  activate: addCommands
};
var index_default = [cells, workbench, commands];
  }
})();
