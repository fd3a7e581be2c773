// Bundles the widgets' front ends and the lab extension into the Python package; with --tests, the tests into build/test.

import { createHash } from "node:crypto";
import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

process.chdir(dirname(fileURLToPath(import.meta.url)));

const common = { bundle: true, format: "esm", logLevel: "warning", target: "es2022" };
// What JupyterLab has itself and shares: two CodeMirrors in one editor understand nothing of each other.
// Not the marks of @codemirror/lint, which another extension may bring too: in one editor both would set the same ones.
const SHARED = ["language", "state", "view"]
  .map((name) => `@codemirror/${name}`)
  .concat("@jupyterlab/*", "@lezer/*", "@lumino/*");

const argument = (name, usual) => {
  const at = process.argv.indexOf(name);
  return at < 0 ? usual : process.argv[at + 1];
};

if (process.argv.includes("--tests")) await tests();
else {
  await widgets(argument("--widgets", "../wasmnb/dashboards/front"));
  await extension(argument("--extension", "../wasmnb/labextension"));
}

async function tests() {
  const entryPoints = readdirSync("test").filter((name) => name.endsWith(".test.ts"));
  await build({
    ...common,
    entryPoints: entryPoints.map((name) => `test/${name}`),
    outdir: "build/test",
    outExtension: { ".js": ".mjs" },
    platform: "node",
    sourcemap: "inline",
  });
}

async function widgets(outdir) {
  const entryPoints = {
    pods: "src/pods/index.ts",
    question: "src/question.ts",
    headers: "src/headers.ts",
    lines: "src/lines.ts",
    logs: "src/logs.ts",
  };
  await build({ ...common, entryPoints: { ...entryPoints, live: "style/live.css" }, outdir });
}

/** Write the extension as JupyterLab finds it: a package.json that names the script, by what is in it. */
async function extension(folder) {
  const entry = { entryPoints: ["src/lab/index.ts"], external: SHARED, format: "cjs", loader: { ".css": "text" } };
  const made = await build({ ...common, ...entry, metafile: true, write: false });
  const [bundle] = made.outputFiles;
  const imports = Object.values(made.metafile.outputs).flatMap((output) => output.imports);
  const shared = [...new Set(imports.filter((one) => one.external).map((one) => one.path))].sort();
  const script = readFileSync("container.js", "utf-8")
    .replace("/* SHARED */ []", () => JSON.stringify(shared))
    .replace("/* BUNDLE */", () => bundle.text.trim());
  const name = `remoteEntry.${createHash("sha256").update(script).digest("hex").slice(0, 20)}.js`;
  rmSync(join(folder, "static"), { recursive: true, force: true });
  mkdirSync(join(folder, "static"), { recursive: true });
  writeFileSync(join(folder, "static", name), script);
  const { version, description, license } = JSON.parse(readFileSync("package.json", "utf-8"));
  const _build = { load: `static/${name}`, extension: "./extension" };
  const jupyterlab = { extension: true, schemaDir: "schema", _build };
  const about = { name: "wasmnb", version, description, license, jupyterlab };
  const text = `${JSON.stringify(about, null, 2)}\n`;
  writeFileSync(join(folder, "package.json"), text);
  // Where JupyterLab's server looks for the settings of an extension, and for whose they are.
  const schemas = join(folder, "schemas", "wasmnb");
  mkdirSync(schemas, { recursive: true });
  for (const file of readdirSync("schema")) copyFileSync(join("schema", file), join(schemas, file));
  writeFileSync(join(schemas, "package.json.orig"), text);
}
