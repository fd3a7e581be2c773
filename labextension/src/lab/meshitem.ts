// The item in the status bar: the mesh of the notebook in front, and what is worst on it.

import { Widget } from "@lumino/widgets";
import { element, sign } from "../dom.ts";
import type { MeshMessage } from "../messages.ts";

/** A button that says how the mesh is, and is told to screen readers when that changes. */
export class MeshItem extends Widget {
  /** @param pressed - puts below the active cell what shows more */
  constructor(pressed: () => void) {
    const words = element("span", { role: "status" });
    super({
      node: element("div", { class: "wasmnb-mesh" }, element("button", { type: "button", onclick: pressed }, words)),
    });
  }

  say(mesh: MeshMessage | null): void {
    const [button, words] = [this.node.querySelector("button"), this.node.querySelector("[role=status]")];
    if (!button || !words) return;
    // Not the item itself, which the status bar shows and hides by its own rules.
    button.hidden = !mesh;
    const said = JSON.stringify(mesh);
    if (button.dataset.said === said) return;
    button.dataset.said = said;
    words.replaceChildren(...(mesh ? [sign(mesh.sign, mesh.tone), element("span", {}, mesh.text)] : []));
    button.title = mesh ? [mesh.detail, "show the verdicts"].filter(Boolean).join("; ") : "";
  }
}
