// What is to be undone when something ends: a signal of what lives on holds on to whoever listens.

import type { Signal } from "@lumino/coreutils";

/** Collects what is to be undone. */
export class Undo {
  private readonly steps: (() => void)[] = [];

  add(step: () => void): void {
    this.steps.push(step);
  }

  /** Listen until then. */
  connect<Sender, Args>(signal: Signal<Sender, Args>, slot: (sender: Sender, args: Args) => void): void {
    signal.connect(slot);
    this.add(() => signal.disconnect(slot));
  }

  /** Undo all, the last first. */
  run(): void {
    for (const step of this.steps.splice(0).reverse()) step();
  }
}
