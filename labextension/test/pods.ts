// Pods as the kernel tells them.

import type { PodMessage } from "../src/messages.ts";

/** What a test says of a pod. */
export interface Said {
  name?: string;
  workload?: string;
  ready?: string;
  status?: string;
  verdict?: string;
  reason?: string;
}

const STILL = ["Running", "Completed", "Succeeded"];

/** A pod of which the rest is as it mostly is; see `Row` in wasmnb/live/row.py. */
export function pod({ ready = "2/2", status = ready && "Running", verdict, reason = "", ...said }: Said): PodMessage {
  const [done, wanted] = ready.split("/");
  const is_ready = ready !== "" && done === wanted;
  const plugins = verdict ? [{ id: "greeter", verdict, digest: `sha256:${"ab12cd34".repeat(8)}`, reason: "" }] : [];
  return {
    name: "a-0",
    workload: "a",
    restarts: 0,
    started: 0,
    rate: { requests: null, errors: null, reason: "" },
    ...said,
    ready,
    is_ready,
    status,
    reason,
    plugins,
    problem: (ready !== "" && !(is_ready && STILL.includes(status))) || (verdict ?? "LIVE") !== "LIVE",
  };
}
