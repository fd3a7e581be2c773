// A container of module federation (webpack.js.org/concepts/module-federation), which is how JupyterLab loads what is
// prebuilt: what JupyterLab shares is taken from it, by name, before the extension is evaluated.
(() => {
  const SHARED = /* SHARED */ [];
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
    /* BUNDLE */
  }
})();
