// Bundles the widgets' front ends into the Python package; with --tests, the tests into build/test.

import { readdirSync } from "node:fs";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

process.chdir(dirname(fileURLToPath(import.meta.url)));

const common = { bundle: true, format: "esm", logLevel: "warning", target: "es2022" };

if (process.argv.includes("--tests")) {
  const entryPoints = readdirSync("test").filter((name) => name.endsWith(".test.ts"));
  await build({
    ...common,
    entryPoints: entryPoints.map((name) => `test/${name}`),
    outdir: "build/test",
    outExtension: { ".js": ".mjs" },
    platform: "node",
    sourcemap: "inline",
  });
} else {
  const at = process.argv.indexOf("--into");
  const outdir = at < 0 ? "../wasmnb/dashboards/front" : process.argv[at + 1];
  const entryPoints = { pods: "src/pods/index.ts", headers: "src/headers.ts", live: "style/live.css" };
  await build({ ...common, entryPoints, outdir });
}
