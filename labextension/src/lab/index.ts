// What wasmnb adds to JupyterLab and Notebook 7. Without it everything works; with it one sees more while one types.

import type { JupyterFrontEnd } from "@jupyterlab/application";
import { ICommandPalette } from "@jupyterlab/apputils";
import { IEditorLanguageRegistry } from "@jupyterlab/codemirror";
import { ILauncher } from "@jupyterlab/launcher";
import { type Context, INotebookTracker } from "@jupyterlab/notebook";
import { ISettingRegistry } from "@jupyterlab/settingregistry";
import { IStatusBar } from "@jupyterlab/statusbar";
import css from "../../style/lab.css";
import { element } from "../dom.ts";
import { followNotebook, followNotebooks } from "./cells.ts";
import { addCommands } from "./commands.ts";
import { MeshItem } from "./meshitem.ts";
import { register } from "./mimes.ts";
import { Workbench } from "./workbench.ts";

const cells = {
  id: "wasmnb:cells",
  description: "Shows the cells of filters in their own language.",
  autoStart: true,
  requires: [INotebookTracker, IEditorLanguageRegistry],
  activate: (_: unknown, tracker: INotebookTracker, registry: IEditorLanguageRegistry) => {
    register(registry);
    followNotebooks(tracker, followNotebook);
  },
};

const workbench = {
  id: "wasmnb:workbench",
  description: "Says below each cell of a filter where it stands, and marks what is wrong in it.",
  autoStart: true,
  requires: [INotebookTracker],
  // Notebook 7 has no status bar.
  optional: [ISettingRegistry, ...(IStatusBar ? [IStatusBar] : [])],
  activate: async (
    app: JupyterFrontEnd,
    tracker: INotebookTracker,
    registry: ISettingRegistry | null,
    bar?: IStatusBar | null,
  ) => {
    document.head.append(element("style", {}, css));
    // Where the schema is not installed, as in a page of another make, all is as in the beginning.
    const settings = await registry?.load("wasmnb:workbench").catch(() => null);
    const marks = () => settings?.get("marks").composite !== false;
    const benches = new Map<Context, Workbench>();
    const item = bar ? new MeshItem(() => void app.commands.execute("wasmnb:status", {})) : null;
    const say = () => {
      const context = tracker.currentWidget?.context;
      item?.say((context && benches.get(context)?.mesh) ?? null);
    };
    if (item) bar?.registerStatusItem("wasmnb:mesh", { item, align: "left", rank: 20 });
    tracker.currentChanged.connect(say);
    followNotebooks(tracker, (panel) => {
      void panel.context.ready.then(() => {
        if (panel.isDisposed) return;
        // A notebook that is open twice has one kernel, and what is typed in it is told once.
        const bench = benches.get(panel.context) ?? new Workbench(panel.context, marks, say);
        benches.set(panel.context, bench);
        bench.add(panel, () => benches.delete(panel.context));
        say();
      });
    });
  },
};

const commands = {
  id: "wasmnb:commands",
  description: "A notebook in the launcher, and commands in the palette.",
  autoStart: true,
  requires: [INotebookTracker],
  // Notebook 7 has no launcher.
  optional: [ICommandPalette, ...(ILauncher ? [ILauncher] : [])],
  activate: addCommands,
};

export default [cells, workbench, commands];
