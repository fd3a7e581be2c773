// The kernel is told what stands in a filter's cell once nobody has typed in it for a moment.

import type { ICodeCellModel } from "@jupyterlab/cells";
import type { TypedMessage } from "../messages.ts";
import { ABOVE } from "./cell.ts";

/** Milliseconds after the last key. */
export const PAUSE = 150;
const OURS = new RegExp(`${ABOVE}%%wasm_filter\\b`);
const LONGEST = 200_000;

/** Waits for pauses in what is typed. A key costs the setting of a clock, however long the cell is. */
export class Typing {
  private readonly clocks = new Map<string, ReturnType<typeof setTimeout>>();
  private readonly asked = new Set<string>();

  constructor(private readonly send: (message: TypedMessage) => boolean) {}

  /** A key in a cell; `settled` is called after the pause. */
  key(cell: ICodeCellModel, settled: () => void): void {
    // What was asked is past, and so is what the kernel still does about it.
    if (this.asked.delete(cell.id)) this.send({ cell: cell.id, source: null });
    clearTimeout(this.clocks.get(cell.id));
    this.clocks.set(
      cell.id,
      setTimeout(() => {
        this.clocks.delete(cell.id);
        if (cell.isDisposed) return;
        settled();
        const source = cell.sharedModel.getSource();
        if (!OURS.test(source) || source.length > LONGEST) return;
        if (this.send({ cell: cell.id, source })) this.asked.add(cell.id);
      }, PAUSE),
    );
  }

  /** A cell is gone: nobody waits for it. */
  gone(cell: string): void {
    clearTimeout(this.clocks.get(cell));
    this.clocks.delete(cell);
    if (this.asked.delete(cell)) this.send({ cell, source: null });
  }

  dispose(): void {
    for (const clock of this.clocks.values()) clearTimeout(clock);
    this.clocks.clear();
  }
}
