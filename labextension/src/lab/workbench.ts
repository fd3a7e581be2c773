// What is told of the cells of one notebook, and what the kernel is told of those that are edited.

import type { Cell } from "@jupyterlab/cells";
import type { NotebookPanel } from "@jupyterlab/notebook";
import type { CellsMessage } from "../messages.ts";
import { Answers } from "./answers.ts";
import { followCells } from "./cells.ts";
import { linkLines } from "./jump.ts";
import { Link } from "./link.ts";
import { Marks } from "./marks.ts";
import { StatusLines } from "./status.ts";
import { Typing } from "./typing.ts";

/** The extension's part in one notebook. */
export class Workbench {
  private readonly link: Link;
  private readonly typing: Typing;
  private readonly marks: Marks;
  private readonly lines: StatusLines;
  private readonly answers: Answers;

  constructor(panel: NotebookPanel, compiles: () => boolean) {
    this.marks = new Marks(panel);
    this.lines = new StatusLines(panel);
    this.answers = new Answers(panel, (message) => this.link.send(message));
    this.link = new Link(
      panel,
      (told) => this.take(told),
      () => this.forget(),
    );
    this.typing = new Typing((message) => compiles() && this.link.send(message));
    followCells(panel, (cell) => {
      cell.sharedModel.changed.connect((_, change) => {
        if (!change.sourceChange) return;
        this.lines.edited(cell);
        this.typing.key(cell, () => {
          this.lines.paint();
          this.marks.settle(cell);
        });
      });
    });
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
    panel.content.model?.cells.changed.connect(look);
    look();
  }

  private take(told: CellsMessage): void {
    for (const draft of told.drafts) this.typing.answered(draft.cell);
    this.lines.take(told);
    this.marks.take(told.marks);
    this.answers.take(told);
  }

  private forget(): void {
    this.lines.forget();
    this.answers.forget();
    this.marks.forget();
  }
}
