// What wasmnb adds to JupyterLab and Notebook 7. Without it everything works; with it one sees more while one types.

import { IEditorLanguageRegistry } from "@jupyterlab/codemirror";
import { INotebookTracker } from "@jupyterlab/notebook";
import { followNotebooks } from "./cells.ts";
import { register } from "./mimes.ts";

const cells = {
  id: "wasmnb:cells",
  description: "Shows the cells of filters in their own language.",
  autoStart: true,
  requires: [INotebookTracker, IEditorLanguageRegistry],
  activate: (_: unknown, tracker: INotebookTracker, registry: IEditorLanguageRegistry) => {
    register(registry);
    followNotebooks(tracker);
  },
};

export default [cells];
