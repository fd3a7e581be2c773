// Looks that the kernel is asked for: however often one is wanted while another is on its way, it is asked once more.

const MOMENT = 250;

/** Looks of one view: wanted many times, asked for one after the other. */
export class Looks {
  private wanted = false;
  private asked = false;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly ask: () => void) {}

  /** Somebody wants to see what is there now; what is asked for within a moment is one look, after the last of it. */
  want(): void {
    this.wanted = true;
    if (this.asked || this.timer !== undefined) return;
    this.timer = setTimeout(() => {
      this.timer = undefined;
      this.wanted = false;
      this.asked = true;
      this.ask();
    }, MOMENT);
  }

  /** The kernel has looked. */
  done(): void {
    this.asked = false;
    if (this.wanted && this.timer === undefined) this.want();
  }

  close(): void {
    clearTimeout(this.timer);
  }
}
