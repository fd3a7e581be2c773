// The comm to a notebook's kernel. The kernel has one for all pages and makes it when it loads us; a page attaches to it
// and says that it is there, again whenever the kernel may have begun to listen.

import type { Comm, SessionContext } from "@jupyterlab/notebook";
import type { CellsMessage, PageMessage, SaveMessage, TypedMessage } from "../messages.ts";
import { Undo } from "./undo.ts";

const TARGET = "wasmnb";
const GONE = ["restarting", "autorestarting", "dead"];

/** Keeps a comm with the kernel of a notebook; never the kernel itself, which may be another one next time. */
export class Link {
  private comm: Comm | null = null;
  private connected = false;
  private naming = "";
  // A kernel without subshells reads nothing while a cell runs: of each cell, the newest text waits here.
  private readonly waiting = new Map<string, TypedMessage>();
  private readonly undo = new Undo();
  // A page that is not secure has no randomUUID.
  private readonly page = `${Date.now().toString(36)}-${Math.random().toString(36).slice(2)}`;

  constructor(
    private readonly context: SessionContext,
    private readonly take: (told: CellsMessage) => void,
    private readonly lost: () => void,
  ) {
    this.undo.connect(context.kernelChanged, () => this.renew());
    this.undo.connect(context.statusChanged, (_, status) => this.status(status));
    // What was said while there was no connection is said again.
    this.undo.connect(context.connectionStatusChanged, (_, status) => {
      if (status === "connected" && this.comm) this.greet();
    });
    // A kernel that loads us says nothing of that: whatever names us may have loaded us, once it has run.
    this.undo.connect(context.iopubMessage, (_, { header, content, parent_header: asked }) => {
      if (header.msg_type === "execute_input" && content.code?.includes("wasm")) this.naming = asked.msg_id ?? "";
      if (content.execution_state !== "idle" || !this.naming || asked.msg_id !== this.naming) return;
      this.naming = "";
      if (!this.connected) this.attach();
    });
    const leave = () => this.say({ page: this.page, here: false });
    window.addEventListener("pagehide", leave);
    this.undo.add(() => window.removeEventListener("pagehide", leave));
    this.undo.add(() => {
      leave();
      this.detach();
    });
    this.renew();
  }

  /** Tell the kernel; false where it does not listen. */
  send(message: TypedMessage | SaveMessage): boolean {
    if (!this.connected) return false;
    if ("source" in message && !this.reads()) this.waiting.set(message.cell, message);
    else this.say(message);
    return true;
  }

  /** Ask for everything: another view of the notebook knows nothing yet. */
  greet(): void {
    this.say({ page: this.page, here: true });
  }

  dispose(): void {
    this.undo.run();
  }

  private status(status: string): void {
    if (GONE.includes(status)) this.drop();
    if (status !== "idle") return;
    for (const [cell, message] of this.waiting) {
      this.waiting.delete(cell);
      this.say(message);
    }
  }

  private reads(): boolean {
    return Boolean(this.comm?.subshellId) || this.context.session?.kernel?.status !== "busy";
  }

  private say(message: PageMessage | TypedMessage | SaveMessage): void {
    if (this.comm && !this.comm.isDisposed && !this.context.isDisposed) this.comm.send({ ...message });
  }

  private drop(): void {
    this.detach();
    this.lost();
  }

  private detach(): void {
    // Not closed: it is the kernel's, and other pages have it as well.
    if (this.comm && !this.comm.isDisposed) this.comm.dispose();
    this.comm = null;
    this.connected = false;
    this.waiting.clear();
  }

  private renew(): void {
    this.drop();
    void this.context.ready.then(() => this.attach());
  }

  private attach(): void {
    const kernel = this.context.session?.kernel;
    if (!kernel?.handleComms || this.context.isDisposed) return;
    if (!this.comm || this.comm.isDisposed) {
      const comm = kernel.createComm(TARGET, TARGET);
      comm.onMsg = (message) => {
        this.connected = true;
        this.take(message.content.data as CellsMessage);
      };
      comm.onClose = () => {
        if (this.comm === comm) this.drop();
      };
      this.comm = comm;
    }
    this.greet();
  }
}
