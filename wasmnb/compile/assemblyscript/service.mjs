// Compiles AssemblyScript cells, one JSON object a line: the question on standard input, the answer on standard output.
// It ends when its input ends, and by itself when nobody has asked for a while.
import fs from "node:fs";
import path from "node:path";
import readline from "node:readline";
import { pathToFileURL } from "node:url";

const [folder, idleSeconds] = process.argv.slice(2);
process.chdir(folder);
// The folder's real name: the cache may lie behind a symbolic link.
const modules = process.cwd();
const compiler = path.join(modules, "node_modules", "assemblyscript", "dist", "asc.js");
const asc = await import(pathToFileURL(compiler).href);
const { ElementKind } = await import(pathToFileURL(path.join(path.dirname(compiler), "assemblyscript.js")).href);

const SDK = "@gcoredev/proxy-wasm-sdk-as/assembly";
const CELL = "cell.ts";
const OPTIONS = ["entry.ts", "--config", "asconfig.json", "--outFile", "filter.wasm"];
const SHIMMED = ["trace", "seed", "console", "crypto", "performance", "process", "Date"];

// The SDK is that of a network whose host has no proxy_log, and never takes a filter out again. Envoy has it, and does.
const LOG = `
import { proxy_log } from "../imports";
import { LogLevelValues } from "../runtime";
export function log(level: LogLevelValues, message: string): void {
  const text = String.UTF8.encode(message);
  proxy_log(level as usize, changetype<usize>(text), text.byteLength);
}
`;
const REPAIRS = [
  {
    file: `${SDK}/runtime.ts`,
    from: "return context_map.get(context_id) as BaseContext;",
    to: `if (context_map.has(context_id)) return context_map.get(context_id) as BaseContext;
  return root_context as BaseContext;`,
  },
];

// The root of a program is ours, so that a cell needs no line that only re-exports the host's entry points.
const given = new Map([
  ["entry.ts", `export * from "${SDK}/proxy";\nimport "./cell";\n`],
  [`node_modules/${SDK}/fastedge/index.ts`, LOG],
  [
    "asconfig.json",
    JSON.stringify({
      options: {
        // A function for Envoy to call, in place of a start section that runs before the host is ready.
        exportStart: "_initialize",
        debug: true,
        // console, Date and the like over WASI, which Envoy has; but env.abort is no function of a proxy's, and the
        // SDK's way to abort writes to the proxy's log.
        lib: "./node_modules/@assemblyscript/wasi-shim/assembly",
        use: ["ASC_WASI=1", "abort=abort_proc_exit", ...SHIMMED.map((name) => `${name}=wasi_${name}`)],
      },
    }),
  ],
]);
// The fork has the names of the SDK that it was made from, whose examples import them by its own name: as it is since
// 2020 ("@solo-io/proxy-runtime/assembly"), and as it was before ("@solo-io/proxy-runtime").
const UPSTREAM = /^node_modules\/@solo-io\/proxy-runtime\/(?:assembly\/)?(index|proxy|runtime|imports|exports)\.ts$/;
// asc's own passes of -O1 optimise each function again each time that something was put into it, and once more when a
// parameter of it went. Here that comes first, and each function is optimised once: a third less time for both, and a
// twentieth more code. (asc 0.28, Module#optimize; the passes are Binaryen's.)
const PASSES = [
  ...["duplicate-function-elimination", "remove-unused-module-elements", "directize", "dae"],
  ...["dce", "remove-unused-brs", "remove-unused-names", "merge-blocks", "simplify-locals-notee-nostructure", "vacuum"],
  ...["coalesce-locals", "inlining", "remove-unused-module-elements"],
  ...["optimize-instructions", "dce", "remove-unused-brs", "remove-unused-names", "merge-blocks", "precompute"],
  ...["simplify-locals-notee-nostructure", "vacuum", "reorder-locals", "coalesce-locals", "simplify-locals"],
  ...["coalesce-locals", "reorder-locals", "vacuum", "remove-unused-brs", "remove-unused-names", "merge-blocks"],
  ...["duplicate-import-elimination", "simplify-globals", "vacuum", "precompute"],
  ...["reorder-globals", "reorder-functions", "memory-packing", "remove-unused-module-elements"],
];
const read = new Map();
const listed = new Map();

function repaired(name, text) {
  for (const { file, from, to } of REPAIRS) {
    if (name === `node_modules/${file}`) {
      if (text.split(from).length !== 2) throw new Error(`${file} is not what it was`);
      return text.replace(from, () => to);
    }
  }
  return text;
}

function readFile(name, folder) {
  const full = path.resolve(folder, name);
  const inside = path.relative(modules, full).split(path.sep).join("/");
  if (given.has(inside)) return given.get(inside);
  const upstream = UPSTREAM.exec(inside);
  if (upstream) return `export * from "${SDK}/${upstream[1]}";\n`;
  if (!read.has(full)) {
    let text = null;
    try {
      text = repaired(inside, fs.readFileSync(full, "utf8"));
    } catch (error) {
      if (!["ENOENT", "ENOTDIR", "EISDIR"].includes(error.code)) throw error;
    }
    read.set(full, text);
  }
  return read.get(full);
}

function listFiles(name, folder) {
  const full = path.resolve(folder, name);
  if (!listed.has(full)) {
    const names = fs.existsSync(full) ? fs.readdirSync(full) : [];
    listed.set(full, names.filter((file) => file.endsWith(".ts") && !file.endsWith(".d.ts")));
  }
  return listed.get(full);
}

function place(range) {
  const file = range?.source?.normalizedPath ?? "";
  if (file !== CELL) return { file, line: 0, column: 0 };
  const before = given.get(CELL).slice(0, range.start);
  const line = before.split("\n").length;
  return { file, line, column: [...before.slice(before.lastIndexOf("\n") + 1)].length + 1 };
}

function isCallback(member) {
  return member.kind === ElementKind.FunctionPrototype && /^on[A-Z]/.test(member.name);
}

function callbacksOf(made) {
  return [...(made.instanceMembers?.values() ?? [])].filter(isCallback);
}

function isOurs(made) {
  return made.declaration.range.source.normalizedPath === CELL;
}

// Methods that are called like callbacks, and override none of the classes of the SDK that theirs extends.
function overridingNothing(program) {
  const found = [];
  for (const element of new Set(program.elementsByName.values())) {
    if (element.kind !== ElementKind.ClassPrototype || !isOurs(element)) continue;
    const bases = [];
    for (let base = element.basePrototype; base; base = base.basePrototype) bases.push(base);
    const known = new Set(bases.filter((base) => !isOurs(base)).flatMap(callbacksOf).map(({ name }) => name));
    if (!known.has("onDone")) continue;
    const inherited = new Set(bases.flatMap(callbacksOf).map(({ name }) => name));
    for (const { name, declaration } of callbacksOf(element)) {
      if (!inherited.has(name)) found.push({ name, place: place(declaration.name.range), known: [...known] });
    }
  }
  return found;
}

// Has a module optimised by PASSES where asc would by those of -O1; how much is inlined stays as asc has it.
function optimisedOnce(module) {
  const { optimize, runPasses } = module;
  module.optimize = (level, shrink, ...others) => {
    module.runPasses = (passes) => runPasses.call(module, level === 1 && shrink === 0 ? PASSES : passes);
    optimize.call(module, level, shrink, ...others);
    module.runPasses = runPasses;
  };
}

async function compile({ source, flags }) {
  given.set(CELL, source);
  const found = [];
  let wasm = null;
  let messages = "";
  let unused = [];
  const result = await asc.main([...OPTIONS, ...flags], {
    readFile,
    listFiles,
    writeFile: (name, data) => {
      if (name.endsWith(".wasm")) wasm = Buffer.from(data).toString("base64");
    },
    stdout: { write: () => true },
    stderr: { write: (text) => ((messages += text), true) },
    transforms: [
      {
        afterInitialize: (program) => {
          unused = overridingNothing(program);
          optimisedOnce(program.module);
        },
      },
    ],
    reportDiagnostic: ({ code, category, message, range, relatedRange }) => {
      found.push({ code, category, message, place: place(range), related: place(relatedRange) });
    },
  });
  const error = result.error ? String(result.error.message) : "";
  return { wasm, found, unused, error, messages, memory: process.memoryUsage().rss };
}

let idle;
function rest() {
  clearTimeout(idle);
  idle = setTimeout(() => process.exit(0), Number(idleSeconds) * 1000);
}

process.stdout.on("error", () => process.exit(0));
rest();
for await (const line of readline.createInterface({ input: process.stdin })) {
  clearTimeout(idle);
  const answer = await compile(JSON.parse(line));
  process.stdout.write(JSON.stringify(answer) + "\n");
  rest();
}
process.exit(0);
