// What the kernel tells, kept in order; a heartbeat; and word of a kernel that is gone.
// Before a view there is only a model: it says hello, and the kernel shows a view once somebody has.

import type { FreshnessMessage } from "./messages.ts";
import type { Listener, Model } from "./model.ts";

const BEAT = 5_000;
const SILENCE = 20_000;
const stores = new Map<string, Store<unknown>>();

/** What a front end says to its view in the kernel. */
type Said = { kind: "hello" } | { kind: "bye" } | { kind: "alive"; hidden: boolean };

/** What every message of a kernel has: they count up by one. */
export interface Numbered {
  number: number;
  freshness: FreshnessMessage;
}

/** How messages become a state: all of it at once, then changes. */
export interface Source<State, All extends Numbered, Paint extends Numbered> {
  start(): State;
  all(state: State, told: All): void;
  paint(state: State, told: Paint): void;
}

/** A view's state, and the views in the page that show it. */
export class Store<State> {
  freshness: FreshnessMessage = { kind: "starting", since: Date.now() / 1000, reason: "" };
  number: number | null = null;
  views = 0;
  heard = Date.now();
  readonly painters = new Set<() => void>();
  readonly hiding = document.createElement("style");

  constructor(
    readonly state: State,
    readonly say: (message: Said) => void,
  ) {}

  changed(): void {
    for (const painter of this.painters) painter();
  }

  beat(): void {
    if (this.views) this.say({ kind: "alive", hidden: document.hidden });
    if (this.freshness.kind !== "ended" && Date.now() - this.heard > SILENCE) {
      this.freshness = { kind: "stale", since: this.heard / 1000, reason: "the kernel does not answer" };
      this.changed();
    }
  }
}

/** The store of a model that was opened before. */
export function storeOf<State>(model: Model): Store<State> {
  return stores.get(model.get("key")) as Store<State>;
}

/** Follow a model; gives what ends that. */
export function opened<State, All extends Numbered, Paint extends Numbered>(
  model: Model,
  source: Source<State, All, Paint>,
): () => void {
  const store = new Store(source.start(), (message) => model.send(message));
  const take = async (message: { kind: string }, buffers?: DataView[]) => {
    store.heard = Date.now();
    if (message.kind === "tick") return;
    const told = (buffers?.[0] ? await unpacked(buffers[0]) : message) as Numbered;
    if (message.kind === "all") source.all(store.state, told as All);
    else if (store.number === null) return;
    else if (told.number !== store.number + 1) {
      if (told.number > store.number) store.say({ kind: "hello" });
      return;
    } else source.paint(store.state, told as Paint);
    store.number = told.number;
    store.freshness = told.freshness;
    store.changed();
  };
  let queue = Promise.resolve();
  const listener: Listener = (message, buffers) => {
    queue = queue.then(() => take(message, buffers)).catch(console.error);
  };
  const lost = () => closeDead(model.widget_manager, model.get("model_key"));
  model.on("msg:custom", listener);
  model.on("comm_live_update", lost);
  const beat = setInterval(() => store.beat(), BEAT);
  stores.set(model.get("key"), store);
  store.say({ kind: "hello" });
  return () => {
    clearInterval(beat);
    model.off("msg:custom", listener);
    model.off("comm_live_update", lost);
    stores.delete(model.get("key"));
  };
}

/** A kernel that was restarted knows nothing of this view: the record stays. */
export async function closeDead(manager: Model["widget_manager"], id: string): Promise<void> {
  const real = await manager?.get_model(id).catch(() => null);
  if (real?.comm_live === false) real.close(true);
}

async function unpacked(bytes: DataView): Promise<unknown> {
  const stream = new Blob([bytes as DataView<ArrayBuffer>]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Response(stream).json();
}
