// What the launcher, the palette and the keys offer.

import type { JupyterFrontEnd } from "@jupyterlab/application";
import type { ICommandPalette } from "@jupyterlab/apputils";
import type { ILauncher } from "@jupyterlab/launcher";
import type { INotebookTracker, NotebookPanel } from "@jupyterlab/notebook";
import { ROW } from "./answers.ts";
import { listMarks } from "./marklist.ts";
import { next } from "./squiggles.ts";
import { LINE } from "./status.ts";

const ABOUT = `# A mesh, and a filter on it

The mesh is the application [bookinfo](https://istio.io/latest/docs/examples/bookinfo/) on this machine, with an Envoy before each of its pods. Run the cells one by one (Shift Enter):
they start it, send a request from productpage to details, put a filter on the pods that have the label app=details, and send the request again.
Then change the text that the filter adds, and run its cell once more. The first filter on a machine prepares the compiler, which can take minutes.`;

const HEADERS = "%wasm_headers productpage details:9080/details/123";

/** The code of a new notebook: a mesh, a response, a filter, and what the filter does to the response. */
export const CELLS = [
  "%load_ext wasmnb\n%wasm_mesh local",
  HEADERS,
  `%%wasm_filter greeter --deploy app=details
#include "proxy_wasm_intrinsics.h"

class Greeter : public Context {
 public:
  using Context::Context;

  FilterHeadersStatus onResponseHeaders(uint32_t, bool) override {
    addResponseHeader("x-greeting", "hello from a cell");
    return FilterHeadersStatus::Continue;
  }
};

static RegisterContextFactory register_Greeter(CONTEXT_FACTORY(Greeter));`,
  HEADERS,
] as const;

/** Three proxies of a mesh, one of which has a filter; the launcher shows a letter for a card of this category without. */
const ICON = `data:image/svg+xml,${encodeURIComponent(
  `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 52 52"><g fill="none" stroke="#5b6ee1" stroke-width="3">` +
    `<path d="M26 14 12 38h28z"/></g><g fill="#5b6ee1"><circle cx="12" cy="38" r="7"/><circle cx="40" cy="38" r="7"/></g>` +
    `<circle cx="26" cy="14" r="8" fill="#f08c2e"/></svg>`,
)}`;

/** Offer the commands wherever there is something to offer them. */
export function addCommands(
  app: JupyterFrontEnd,
  tracker: INotebookTracker,
  palette: ICommandPalette | null,
  launcher?: ILauncher | null,
): void {
  const { commands } = app;
  const offered = [
    {
      command: "wasmnb:new-notebook",
      label: "Mesh notebook",
      caption: "A new notebook with a mesh, a filter in a cell, and what it does to a response",
      execute: async (args: { cwd?: string }) => {
        const panel = (await commands.execute("notebook:create-new", {
          kernelName: "python3",
          ...(args.cwd === undefined ? {} : { cwd: args.cwd }),
        })) as NotebookPanel;
        await panel.context.ready;
        const shared = panel.content.model?.sharedModel;
        shared?.deleteCellRange(0, panel.content.model?.cells.length ?? 0);
        shared?.insertCell(0, { cell_type: "markdown", source: ABOUT });
        for (const [index, source] of CELLS.entries()) shared?.insertCell(index + 1, { cell_type: "code", source });
        panel.content.activeCellIndex = 1;
        await commands.execute("notebook:render-all-markdown", {});
        // Closed at once, it would be an empty file.
        await panel.context.save();
        return panel;
      },
    },
    {
      command: "wasmnb:next-mark",
      label: "Go to the next mark in the cell",
      caption: "Select the next words that a compiler, a case or a crash is about",
      isEnabled: () => tracker.activeCell?.editor?.editor !== undefined,
      execute: () => {
        const view = tracker.activeCell?.editor?.editor;
        return view ? next(view) : false;
      },
    },
    {
      command: "wasmnb:list-marks",
      label: "List the marks in the cell",
      caption: "What a compiler, cases and crashes are about, with what is suggested, below the active cell",
      isEnabled: () => tracker.activeCell?.editor?.editor !== undefined,
      execute: () => (tracker.activeCell ? listMarks(tracker.activeCell) : false),
    },
    {
      command: "wasmnb:next-step",
      label: "Go to what the line below the cell offers",
      caption: "Put the focus on the first of the buttons below the active cell",
      isEnabled: () => offering(tracker) !== null,
      execute: () => offering(tracker)?.focus(),
    },
    {
      command: "wasmnb:save-test",
      label: "Save the response of the active cell as a test",
      caption: "Put the cases of its filter below, with this request and this response as one of them",
      isEnabled: () => saving(tracker) !== null,
      execute: () => saving(tracker)?.click(),
    },
    ...[
      { command: "wasmnb:pods", label: "Show the pods of the mesh", source: "%wasm_pods --watch" },
      { command: "wasmnb:status", label: "Show the verdicts of the mesh", source: "%wasm_status" },
      { command: "wasmnb:panel", label: "Open the panel", source: "%wasm_panel" },
    ].map(({ command, label, source }) => ({
      command,
      label,
      caption: `Put ${source} below the active cell, and run it`,
      isEnabled: () => tracker.currentWidget !== null,
      execute: async () => {
        if (propose(tracker.currentWidget, source)) await commands.execute("notebook:run-cell", {});
      },
    })),
  ];
  for (const { command, ...options } of offered) {
    commands.addCommand(command, options);
    palette?.addItem({ command, category: "wasmnb" });
  }
  launcher?.add({ command: "wasmnb:new-notebook", category: "Notebook", rank: 10, kernelIconUrl: ICON });
}

function offering(tracker: INotebookTracker): HTMLElement | null {
  return tracker.activeCell?.node.querySelector<HTMLElement>(`:scope > :is(.${LINE}, .${ROW}) button`) ?? null;
}

function saving(tracker: INotebookTracker): HTMLElement | null {
  return tracker.activeCell?.node.querySelector<HTMLElement>(`:scope > .${ROW} button`) ?? null;
}

function propose(panel: NotebookPanel | null, source: string): boolean {
  if (!panel) return false;
  const { content } = panel;
  const below = content.activeCellIndex + 1;
  content.model?.sharedModel.insertCell(below, { cell_type: "code", source });
  // Else the cells that are selected would be run, too.
  content.deselectAll();
  content.activeCellIndex = below;
  return true;
}
