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
        count: signs.filter((sign) => new RegExp(sign, "m").test(code)).length
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
    function followNotebooks(tracker) {
      tracker.forEach(followNotebook);
      tracker.widgetAdded.connect((_, panel) => followNotebook(panel));
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
    
    // src/lab/index.ts
    var cells = {
      id: "wasmnb:cells",
      description: "Shows the cells of filters in their own language.",
      autoStart: true,
      requires: [import_notebook.INotebookTracker, import_codemirror.IEditorLanguageRegistry],
      activate: (_, tracker, registry) => {
        register(registry);
        followNotebooks(tracker);
      }
    };
    var index_default = [cells];
  }
})();
