// What wasmnb adds to JupyterLab and Notebook 7. Without it everything works; with it one sees more while one types.

import { IEditorLanguageRegistry } from "@jupyterlab/codemirror";
import { INotebookTracker } from "@jupyterlab/notebook";
import css from "../../style/lab.css";
import { element } from "../dom.ts";
import { followNotebook, followNotebooks } from "./cells.ts";
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
  activate: (_: unknown, tracker: INotebookTracker) => {
    document.head.append(element("style", {}, css));
    followNotebooks(tracker, (panel) => {
      void panel.context.ready.then(() => new Workbench(panel));
    });
  },
};

export default [cells, workbench];
