// Magic lines that say the same as a panel, to be copied; the panel around them goes when its kernel is gone.

import { copyable } from "./copy.ts";
import { element } from "./dom.ts";
import { Looks } from "./looks.ts";
import { closeDead } from "./store.ts";

/** The part of the model that is used here. */
interface LinesModel {
  get(name: "lines"): string[];
  get(name: "key" | "around" | "label"): string;
  on(name: string, listener: () => void): void;
  off(name: string, listener: () => void): void;
  send(message: object): void;
  widget_manager?: Parameters<typeof closeDead>[0];
}

export default {
  initialize: ({ model }: { model: LinesModel }) => {
    const lost = () => closeDead(model.widget_manager, model.get("around"));
    model.on("comm_live_update", lost);
    return () => model.off("comm_live_update", lost);
  },
  render: ({ model, el }: { model: LinesModel; el: HTMLElement }) => {
    // The record above says what the panel was used for; while there is a panel, it is only in the way.
    const hiding = element("style", {}, `[data-wasmnb-record="${model.get("key")}"] { display: none; }`);
    document.head.append(hiding);
    const frame = element("div", { class: "wasmnb-live lines" });
    el.append(frame);
    const paint = () => {
      const lines = model.get("lines");
      const rows = lines.map((line) => element("div", {}, ...copyable(line, line)));
      frame.replaceChildren(...(lines.length ? [element("div", { class: "quiet" }, model.get("label")), ...rows] : []));
    };
    // The kernel says anew what is in force when somebody turns to the panel, by pointer or by key.
    let inside = false;
    const looks = new Looks(() => model.send({ kind: "look" }));
    const looked = () => looks.done();
    const turned = ({ target }: Event) => {
      const panel = el.parentElement?.closest(".widget-vbox");
      const now = target instanceof Node && !!panel?.contains(target);
      if (now && !inside) looks.want();
      inside = now;
    };
    const turns = ["pointerover", "focusin"] as const;
    for (const name of turns) document.addEventListener(name, turned);
    model.on("change:lines", paint);
    model.on("change:looks", looked);
    paint();
    return () => {
      for (const name of turns) document.removeEventListener(name, turned);
      model.off("change:lines", paint);
      model.off("change:looks", looked);
      looks.close();
      hiding.remove();
    };
  },
};
