import assert from "node:assert/strict";
import { before, mock, test } from "node:test";
import type { Listener, Model } from "../src/model.ts";
import { opened, storeOf } from "../src/store.ts";

const freshness = { kind: "live", since: 0, reason: "" };

/** A kernel's end of a model: what it is told, and a way to tell. */
function kernel(key: string) {
  const heard: unknown[] = [];
  let listener: Listener = () => {};
  const model: Model = {
    get: () => key,
    on: (name: string, told: unknown) => {
      if (name === "msg:custom") listener = told as Listener;
    },
    off: () => {},
    send: (message) => heard.push(message),
  };
  // Messages are taken in their order: once a tick behind one is taken, so is that one.
  const tell = async (message: object, bytes?: Uint8Array) => {
    const store = storeOf(model);
    store.heard = 0;
    listener(message as { kind: string }, bytes ? [new DataView(bytes.buffer)] : undefined);
    while (!store.heard) await new Promise((done) => setImmediate(done));
    store.heard = 0;
    listener({ kind: "tick" });
    while (!store.heard) await new Promise((done) => setImmediate(done));
  };
  return { heard, model, tell };
}

interface Told {
  number: number;
  freshness: { kind: "live"; since: number; reason: string };
  text: string;
}

const source = {
  start: () => ({ texts: [] as string[] }),
  all: (state: { texts: string[] }, told: Told) => {
    state.texts = [told.text];
  },
  paint: (state: { texts: string[] }, told: Told) => {
    state.texts.push(told.text);
  },
};

before(() => {
  globalThis.document = { createElement: () => ({}), hidden: false } as unknown as Document;
});

test("changes are taken in their order, and one that was missed asks for everything", async () => {
  const { heard, model, tell } = kernel("numbers");
  const close = opened(model, source);
  const store = storeOf<{ texts: string[] }>(model);
  const changed = mock.fn();
  store.painters.add(changed);
  await tell({ kind: "paint", number: 4, freshness, text: "before anything is known" });
  await tell({ kind: "all", number: 5, freshness, text: "all" });
  await tell({ kind: "paint", number: 5, freshness, text: "known already" });
  await tell({ kind: "paint", number: 6, freshness, text: "next" });
  assert.deepEqual(store.state.texts, ["all", "next"]);
  assert.equal(changed.mock.callCount(), 2);
  await tell({ kind: "paint", number: 8, freshness, text: "after one was missed" });
  assert.deepEqual(store.state.texts, ["all", "next"]);
  assert.deepEqual(heard, [{ kind: "hello" }, { kind: "hello" }]);
  close();
});

test("a large message is compressed", async () => {
  const { model, tell } = kernel("large");
  const close = opened(model, source);
  const text = JSON.stringify({ number: 1, freshness, text: "你好" });
  const stream = new Blob([text]).stream().pipeThrough(new CompressionStream("deflate"));
  await tell({ kind: "all" }, new Uint8Array(await new Response(stream).arrayBuffer()));
  assert.deepEqual(storeOf<{ texts: string[] }>(model).state.texts, ["你好"]);
  close();
});

test("a kernel that is silent for long makes what is shown stale", () => {
  const { heard, model } = kernel("silent");
  const close = opened(model, source);
  const store = storeOf(model);
  store.views = 1;
  store.beat();
  assert.deepEqual(heard.at(-1), { kind: "alive", hidden: false });
  assert.equal(store.freshness.kind, "starting");
  store.heard = 0;
  store.beat();
  assert.deepEqual(store.freshness, { kind: "stale", since: 0, reason: "the kernel does not answer" });
  close();
});
