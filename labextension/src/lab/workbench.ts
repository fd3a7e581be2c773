// What is told of the cells of one notebook, and what the kernel is told of those that are edited; the notebook may be
// shown more than once in a page.

import type { Context, NotebookPanel } from "@jupyterlab/notebook";
import type { CellsMessage, MeshMessage } from "../messages.ts";
import { followCells } from "./cells.ts";
import { Link } from "./link.ts";
import { Typing } from "./typing.ts";
import { Undo } from "./undo.ts";
import { View } from "./view.ts";

/** The extension's part in one notebook. */
export class Workbench {
  /** The mesh of its kernel; null where none is chosen. */
  mesh: MeshMessage | null = null;
  private readonly link: Link;
  private readonly views = new Map<NotebookPanel, View>();
  private readonly undo = new Undo();

  /**
   * @param context - of the notebook
   * @param compiles - whether cells are to be compiled while they are typed
   * @param changed - told when the mesh is another, or stands otherwise
   */
  constructor(
    context: Context,
    compiles: () => boolean,
    private readonly changed: () => void,
  ) {
    this.link = new Link(
      context.sessionContext,
      (told) => this.take(told),
      () => this.forget(),
    );
    const typing = new Typing((message) => compiles() && this.link.send(message));
    this.undo.add(() => this.link.dispose());
    this.undo.add(() => typing.dispose());
    if (!context.model) return;
    followCells(context.model, this.undo, (cell, own) => {
      own.connect(cell.sharedModel.changed, (_, change) => {
        if (!change.sourceChange) return;
        for (const view of this.views.values()) view.edited(cell);
        typing.key(cell, () => {
          for (const view of this.views.values()) view.settled(cell);
        });
      });
      own.add(() => typing.gone(cell.id));
    });
  }

  /** Show it in a view of the notebook, for as long as that is open; what is not shown any more is not listened to. */
  add(panel: NotebookPanel, closed: () => void): void {
    this.views.set(panel, new View(panel, (message) => this.link.send(message)));
    if (this.views.size > 1) this.link.greet();
    panel.disposed.connect(() => {
      this.views.get(panel)?.dispose();
      this.views.delete(panel);
      if (this.views.size) return;
      this.undo.run();
      closed();
    });
  }

  private take(told: CellsMessage): void {
    for (const view of this.views.values()) view.take(told);
    this.stands(told.mesh);
  }

  private forget(): void {
    for (const view of this.views.values()) view.forget();
    this.stands(null);
  }

  private stands(mesh: MeshMessage | null): void {
    if (JSON.stringify(mesh) === JSON.stringify(this.mesh)) return;
    this.mesh = mesh;
    this.changed();
  }
}
