// Compiles assembly/index.ts to build/filter.wasm.
//
// The SDK is that of a network whose host has no proxy_log, and never takes a filter out again. Envoy has it, and does:
// two files of the SDK are read in another form.
import fs from "node:fs";
import path from "node:path";
import asc from "assemblyscript/asc";

const SDK = "@gcoredev/proxy-wasm-sdk-as/assembly";
const CHANGED = {
  [`node_modules/${SDK}/fastedge/index.ts`]: () => `
import { proxy_log } from "../imports";
import { LogLevelValues } from "../runtime";
export function log(level: LogLevelValues, message: string): void {
  const text = String.UTF8.encode(message);
  proxy_log(level as usize, changetype<usize>(text), text.byteLength);
}
`,
  [`node_modules/${SDK}/runtime.ts`]: (text) =>
    text.replace(
      "return context_map.get(context_id) as BaseContext;",
      "return (context_map.has(context_id) ? context_map.get(context_id) : root_context) as BaseContext;",
    ),
};

function readFile(name, folder) {
  const full = path.resolve(folder, name);
  if (!fs.existsSync(full) || !fs.statSync(full).isFile()) return null;
  const text = fs.readFileSync(full, "utf8");
  const change = CHANGED[path.relative(process.cwd(), full).split(path.sep).join("/")];
  return change ? change(text) : text;
}

const options = ["assembly/index.ts", "--config", "asconfig.json", "--outFile", "build/filter.wasm", "-O2"];
const { error } = await asc.main([...options, ...process.argv.slice(2)], { readFile, stderr: process.stderr });
process.exit(error ? 1 : 0);
