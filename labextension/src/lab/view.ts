// What one view of a notebook shows of what is told of its cells.

import type { Cell, ICodeCellModel } from "@jupyterlab/cells";
import type { NotebookPanel } from "@jupyterlab/notebook";
import type { CellsMessage, SaveMessage } from "../messages.ts";
import { Answers } from "./answers.ts";
import { linkLines } from "./jump.ts";
import { Marks } from "./marks.ts";
import { StatusLines } from "./status.ts";
import { Undo } from "./undo.ts";

/** Marks, lines and buttons in one view. */
export class View {
  private readonly marks: Marks;
  private readonly lines: StatusLines;
  private readonly answers: Answers;
  private readonly undo = new Undo();

  constructor(
    private readonly panel: NotebookPanel,
    send: (message: SaveMessage) => boolean,
  ) {
    this.marks = new Marks(panel);
    this.lines = new StatusLines(panel);
    this.answers = new Answers(panel, send);
    const seen = new WeakSet<Cell>();
    const look = () => {
      for (const cell of panel.content.widgets) {
        if (seen.has(cell)) continue;
        seen.add(cell);
        void linkLines(panel, cell);
        this.marks.follow(cell);
      }
      this.lines.paint();
      this.answers.paint();
    };
    const cells = panel.content.model?.cells;
    if (cells) this.undo.connect(cells.changed, look);
    look();
  }

  take(told: CellsMessage): void {
    this.lines.take(told);
    this.marks.take(told.marks);
    this.answers.take(told);
  }

  forget(): void {
    this.lines.forget();
    this.answers.forget();
    this.marks.forget();
  }

  /** A key was pressed in a cell. */
  edited(model: ICodeCellModel): void {
    this.lines.edited(model);
  }

  /** Nobody has typed in a cell for a moment. */
  settled(model: ICodeCellModel): void {
    const cell = this.panel.content.widgets.find((one) => one.model === model);
    if (!cell) return;
    this.lines.paint([cell]);
    this.marks.paint(cell);
  }

  dispose(): void {
    this.undo.run();
  }
}
