// The comm to a notebook's kernel: opened by the page, again whenever the kernel may have begun to listen.

import type { Comm, NotebookPanel } from "@jupyterlab/notebook";
import type { CellsMessage, SaveMessage, TypedMessage } from "../messages.ts";

const TARGET = "wasmnb";

/** Keeps a comm with the kernel of a notebook; never the kernel itself, which may be another one next time. */
export class Link {
  private connected = false;
  private comm: Comm | undefined;

  constructor(
    private readonly panel: NotebookPanel,
    private readonly take: (told: CellsMessage) => void,
    private readonly lost: () => void,
  ) {
    const { sessionContext } = panel;
    sessionContext.kernelChanged.connect(() => this.renew());
    sessionContext.statusChanged.connect((_, status) => {
      if (status === "restarting" || status === "autorestarting" || status === "dead") this.drop();
    });
    // A kernel listens once it has loaded us, and says nothing of that: whatever names us may have loaded us.
    sessionContext.iopubMessage.connect((_, message) => {
      const code = message.header.msg_type === "execute_input" ? message.content.code : undefined;
      if (!this.connected && code?.includes("wasm")) this.open();
    });
    this.renew();
  }

  /** Tell the kernel; false where it does not listen. */
  send(message: TypedMessage | SaveMessage): boolean {
    if (this.connected) this.comm?.send({ ...message });
    return this.connected;
  }

  private drop(): void {
    this.connected = false;
    this.lost();
  }

  private renew(): void {
    this.drop();
    void this.panel.sessionContext.ready.then(() => this.open());
  }

  private open(): void {
    const kernel = this.panel.sessionContext.session?.kernel;
    if (!kernel?.handleComms) return;
    const comm = kernel.createComm(TARGET);
    // A kernel that does not listen closes it at once.
    comm.onMsg = (message) => {
      this.connected = true;
      this.comm = comm;
      this.take(message.content.data as CellsMessage);
    };
    comm.onClose = () => {
      if (this.connected) this.drop();
    };
    comm.open();
  }
}
