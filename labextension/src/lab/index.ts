// What wasmnb adds to JupyterLab and Notebook 7. Without it everything works; with it one sees more while one types.

import { ICommandPalette } from "@jupyterlab/apputils";
import { IEditorLanguageRegistry } from "@jupyterlab/codemirror";
import { ILauncher } from "@jupyterlab/launcher";
import { INotebookTracker } from "@jupyterlab/notebook";
import { ISettingRegistry } from "@jupyterlab/settingregistry";
import css from "../../style/lab.css";
import { element } from "../dom.ts";
import { followNotebook, followNotebooks } from "./cells.ts";
import { addCommands } from "./commands.ts";
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
  optional: [ISettingRegistry],
  activate: async (_: unknown, tracker: INotebookTracker, registry: ISettingRegistry | null) => {
    document.head.append(element("style", {}, css));
    // Where the schema is not installed, as in a page of another make, all is as in the beginning.
    const settings = await registry?.load("wasmnb:workbench").catch(() => null);
    const marks = () => settings?.get("marks").composite !== false;
    followNotebooks(tracker, (panel) => {
      void panel.context.ready.then(() => new Workbench(panel, marks));
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
