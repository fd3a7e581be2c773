// A container of module federation (webpack.js.org/concepts/module-federation), which is how JupyterLab loads what is
// prebuilt: what JupyterLab shares is taken from it, by name, before the extension is evaluated.
(() => {
  const SHARED = ["@codemirror/language","@jupyterlab/codemirror","@jupyterlab/notebook","@lezer/common","@lezer/highlight"];
  let scope = {};
  const newest = (versions) =>
    Object.entries(versions).sort(
      ([one, a], [other, b]) =>
        Number(Boolean(a.loaded)) - Number(Boolean(b.loaded)) || one.localeCompare(other, "en", { numeric: true }),
    ).at(-1)?.[1];
  const take = async (name) => {
    const found = scope[name] && newest(scope[name]);
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
    var import_codemirror = require("@jupyterlab/codemirror");
    var import_notebook = require("@jupyterlab/notebook");
    
    // style/lab.css
    var lab_default = ".wasmnb-status {\n  color: var(--jp-content-font-color1, CanvasText);\n  font-family: var(--jp-ui-font-family, system-ui, sans-serif);\n  font-size: var(--jp-ui-font-size1, 13px);\n  line-height: 1.5;\n  overflow-wrap: anywhere;\n  padding: 2px 4px 2px calc(var(--jp-cell-prompt-width, 64px) + 6px);\n}\n.wasmnb-status .sign {\n  display: inline-block;\n  font-weight: bold;\n  margin-right: 0.35em;\n  min-width: 0.9em;\n}\n.wasmnb-status .good {\n  color: var(--jp-success-color1, inherit);\n}\n.wasmnb-status .warn {\n  color: var(--jp-warn-color1, inherit);\n}\n.wasmnb-status .bad {\n  color: var(--jp-error-color1, inherit);\n}\n";
    
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
      { "word": "cpp", "name": "C++", "spellings": ["c++", "cc", "cxx"], "suffixes": [".cc", ".cpp", ".cxx"], "signs": ["^\\s*#\\s*(?:include|define|pragma|if|ifdef|ifndef)\\b", "\\bRegisterContextFactory\\b", "\\bclass\\s+\\w+\\s*(?:final\\s*)?:\\s*(?:public\\s+)?\\w+", "\\bstd::\\w+", "\\bFilter(?:Headers|Data|Trailers)Status\\b[^V]", '\\bstatic_cast<|\\bextern\\s+\\"C\\"'] },
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
    var MAGIC = /^\s*%%(wasm_filter|wasm_file|wasm_test)\b([^\n]*)/;
    var LANG = /(?:^|\s)(?:--lang(?:uage)?|-l)[\s=]+["']?([\w+]+)/;
    var COMMENT = /\/\/[^\n]*|\/\*[\s\S]*?\*\//g;
    function languageOf(source) {
      const found = MAGIC.exec(source);
      if (!found) return null;
      const [head, magic2, line = ""] = found;
      const body2 = source.slice(head.length);
      if (magic2 === "wasm_test") return "YAML";
      if (magic2 === "wasm_file") return ofFile(line) ?? "C++";
      const said = LANG.exec(line)?.[1]?.toLowerCase();
      return (said ? ofWord(said) : null) ?? guessed(body2);
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
    var nodes = new import_common.NodeSet([top, magic, body]).extend((0, import_highlight.styleTags)({ Magic: import_highlight.tags.meta }));
    var [CELL, MAGIC2, BODY] = nodes.types;
    function mixed(name, inner) {
      const nested = (0, import_common.parseMixed)((node) => node.type === BODY ? { parser: inner.language.parser } : null);
      return new import_language.LanguageSupport(new import_language.Language(data, new CellParser(nested), [], name), inner.support);
    }
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
        const end = text.indexOf("\n", text.search(/\S/));
        return end < 0 ? length : end;
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
    
    // src/lab/cells.ts
    function followNotebooks(tracker, follow) {
      tracker.forEach(follow);
      tracker.widgetAdded.connect((_, panel) => follow(panel));
    }
    function followNotebook(panel) {
      const followed = /* @__PURE__ */ new WeakSet();
      const cells2 = () => {
        const list = panel.content.model?.cells;
        for (let index = 0; list && index < list.length; index += 1) {
          const cell = list.get(index);
          if (cell.type !== "code" || followed.has(cell)) continue;
          followed.add(cell);
          followCell(cell, () => panel.content.codeMimetype);
        }
      };
      const model = () => {
        panel.content.model?.cells.changed.connect(cells2);
        cells2();
      };
      panel.content.modelChanged.connect(model);
      model();
    }
    function followCell(cell, usual) {
      const settle = () => {
        if (cell.isDisposed) return;
        const language = languageOf(cell.sharedModel.getSource());
        if (language) cell.mimeType = mimeOf(language);
        else if (MIMES.has(cell.mimeType)) cell.mimeType = usual();
      };
      cell.sharedModel.changed.connect((_, change) => {
        if (change.sourceChange) settle();
      });
      cell.mimeTypeChanged.connect(settle);
      settle();
    }
    
    // src/lab/link.ts
    var TARGET = "wasmnb";
    var Link = class {
      constructor(panel, take, lost) {
        this.panel = panel;
        this.take = take;
        this.lost = lost;
        const { sessionContext } = panel;
        sessionContext.kernelChanged.connect(() => this.renew());
        sessionContext.statusChanged.connect((_, status2) => {
          if (status2 === "restarting" || status2 === "autorestarting" || status2 === "dead") this.drop();
        });
        sessionContext.iopubMessage.connect((_, message) => {
          const code = message.header.msg_type === "execute_input" ? message.content.code : void 0;
          if (!this.connected && code?.includes("wasm")) this.open();
        });
        this.renew();
      }
      panel;
      take;
      lost;
      connected = false;
      drop() {
        this.connected = false;
        this.lost();
      }
      renew() {
        this.drop();
        void this.panel.sessionContext.ready.then(() => this.open());
      }
      open() {
        const kernel = this.panel.sessionContext.session?.kernel;
        if (!kernel?.handleComms) return;
        const comm = kernel.createComm(TARGET);
        comm.onMsg = (message) => {
          this.connected = true;
          this.take(message.content.data);
        };
        comm.onClose = () => {
          if (this.connected) this.drop();
        };
        comm.open();
      }
    };
    
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
    
    // src/lab/status.ts
    function standing(told, source) {
      const same = mark(source) === told.mark;
      const text = [told.text, told.detail].filter(Boolean).join(" \xB7 ");
      if (same) return { sign: told.sign, tone: told.tone, text };
      return { sign: "\u270E", tone: "warn", text: `edited since; run it to update. Before: ${text}` };
    }
    var StatusLines = class {
      constructor(panel) {
        this.panel = panel;
        new Link(
          panel,
          ({ cells: cells2 }) => {
            for (const cell of cells2) this.told.set(cell.cell, cell);
            this.paint();
          },
          () => {
            this.told.clear();
            this.paint();
          }
        );
        panel.content.model?.cells.changed.connect(() => this.paint());
      }
      panel;
      told = /* @__PURE__ */ new Map();
      lines = /* @__PURE__ */ new WeakMap();
      followed = /* @__PURE__ */ new WeakSet();
      paint() {
        for (const cell of this.panel.content.widgets) this.line(cell);
      }
      line(cell) {
        const told = this.told.get(cell.model.id);
        const known = this.lines.get(cell);
        if (!told) {
          known?.remove();
          return;
        }
        const made = known ?? element("div", { class: "wasmnb-status", role: "status" });
        this.lines.set(cell, made);
        if (!made.isConnected) cell.node.querySelector(":scope > .jp-Cell-inputWrapper")?.after(made);
        const { sign: mark2, tone, text } = standing(told, cell.model.sharedModel.getSource());
        if (made.dataset.text !== text) {
          made.dataset.text = text;
          made.replaceChildren(sign(mark2, tone), element("span", {}, text));
        }
        if (this.followed.has(cell.model)) return;
        this.followed.add(cell.model);
        cell.model.sharedModel.changed.connect(() => this.line(cell));
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
    var status = {
      id: "wasmnb:status",
      description: "Says below each cell of a filter where the filter stands.",
      autoStart: true,
      requires: [import_notebook.INotebookTracker],
      activate: (_, tracker) => {
        document.head.append(element("style", {}, lab_default));
        followNotebooks(tracker, (panel) => {
          void panel.context.ready.then(() => new StatusLines(panel));
        });
      }
    };
    var index_default = [cells, status];
  }
})();
