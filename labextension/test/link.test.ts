import assert from "node:assert/strict";
import { test } from "node:test";
import type { Comm, SessionContext } from "@jupyterlab/notebook";
import { Link } from "../src/lab/link.ts";
import type { CellsMessage } from "../src/messages.ts";

class Signal<Args> {
  readonly slots = new Set<(sender: unknown, args: Args) => void>();
  connect = (slot: (sender: unknown, args: Args) => void) => this.slots.add(slot);
  disconnect = (slot: (sender: unknown, args: Args) => void) => this.slots.delete(slot);
  emit(args: Args): void {
    for (const slot of this.slots) slot(undefined, args);
  }
}

/** A kernel, and the page's end of it. */
class Kernel {
  readonly said: Record<string, unknown>[] = [];
  readonly comms: (Comm & { isDisposed: boolean })[] = [];
  readonly signals = {
    kernelChanged: new Signal<unknown>(),
    statusChanged: new Signal<string>(),
    connectionStatusChanged: new Signal<string>(),
    iopubMessage: new Signal<unknown>(),
  };
  readonly kernel = {
    handleComms: true,
    status: "idle",
    createComm: () => {
      assert.ok(
        this.comms.every((one) => one.isDisposed),
        "JupyterLab has one comm of an id",
      );
      const comm = {
        isDisposed: false,
        onMsg: () => undefined,
        onClose: () => undefined,
        open: () => assert.fail("the kernel has opened it"),
        send: (data: Record<string, unknown>) => this.said.push(data),
        dispose: () => {
          comm.isDisposed = true;
        },
      };
      this.comms.push(comm as unknown as Comm & { isDisposed: boolean });
      return comm;
    },
  };
  readonly context = {
    ...this.signals,
    ready: Promise.resolve(),
    session: { kernel: this.kernel },
    isDisposed: false,
  } as unknown as SessionContext;

  answer(): void {
    const told: CellsMessage = { mesh: null, cells: [], marks: [], drafts: [], answers: [], cases: [] };
    this.comms.at(-1)?.onMsg({ content: { data: told } });
  }

  status(status: string): void {
    this.kernel.status = status;
    this.signals.statusChanged.emit(status);
  }

  runs(code: string): void {
    const before = this.greetings();
    this.status("busy");
    const asked = { msg_id: code };
    this.signals.iopubMessage.emit({ header: { msg_type: "execute_input" }, content: { code }, parent_header: asked });
    const idle = { header: { msg_type: "status" }, content: { execution_state: "idle" } };
    // Of something else that the kernel did meanwhile.
    this.signals.iopubMessage.emit({ ...idle, parent_header: { msg_id: "other" } });
    assert.equal(this.greetings(), before);
    this.signals.iopubMessage.emit({ ...idle, parent_header: asked });
    this.status("idle");
  }

  greetings(): number {
    return this.said.filter((one) => one.here === true).length;
  }
}

Object.assign(globalThis, { window: new EventTarget() });

async function linked(): Promise<{ kernel: Kernel; link: Link; lost: unknown[] }> {
  const [kernel, lost] = [new Kernel(), [] as unknown[]];
  const link = new Link(
    kernel.context,
    () => undefined,
    () => lost.push(1),
  );
  await Promise.resolve();
  return { kernel, link, lost };
}

test("a page says that it is there until somebody answers, each time a cell that names us has run", async () => {
  const { kernel, link } = await linked();
  assert.equal(kernel.greetings(), 1);
  assert.equal(link.send({ cell: "a", source: "int x;" }), false, "nobody listens");
  kernel.runs("x = 1");
  assert.equal(kernel.greetings(), 1);
  kernel.runs("%load_ext wasmnb");
  assert.equal(kernel.greetings(), 2);
  kernel.answer();
  kernel.runs("%wasm_pods");
  assert.equal(kernel.greetings(), 2);
  link.dispose();
});

test("while a cell runs, a kernel without subshells is kept one text of each cell, the newest", async () => {
  const { kernel, link } = await linked();
  kernel.answer();
  kernel.status("busy");
  for (const source of ["1", null, "2"]) assert.ok(link.send({ cell: "a", source }));
  link.send({ cell: "b", source: "3" });
  assert.deepEqual(kernel.said.slice(1), []);
  kernel.status("idle");
  assert.deepEqual(kernel.said.slice(1), [
    { cell: "a", source: "2" },
    { cell: "b", source: "3" },
  ]);
  link.dispose();
});

test("a kernel that starts again has nothing of before, and a new one is asked; what is closed listens no more", async () => {
  const { kernel, link, lost } = await linked();
  kernel.answer();
  kernel.status("busy");
  link.send({ cell: "a", source: "old" });
  const before = lost.length;
  kernel.status("restarting");
  assert.equal(lost.length, before + 1);
  kernel.status("idle");
  assert.ok(!kernel.said.some((one) => one.source === "old"));
  kernel.signals.kernelChanged.emit(undefined);
  await Promise.resolve();
  assert.equal(kernel.greetings(), 2);
  kernel.signals.connectionStatusChanged.emit("connected");
  assert.equal(kernel.greetings(), 3, "what was said meanwhile is asked for");
  link.dispose();
  assert.equal(kernel.said.at(-1)?.here, false);
  assert.ok(kernel.comms.every((one) => one.isDisposed));
  assert.ok(Object.values(kernel.signals).every((one) => one.slots.size === 0));
});
