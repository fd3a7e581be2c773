// Buttons that answer the prompt of a running cell: a kernel hears no widget until the cell has ended.

import { element } from "./dom.ts";

interface QuestionModel {
  get(name: "answers"): [string, string][];
}

/** JupyterLab's and Notebook's own prompt, of the same cell. */
function prompt(beside: HTMLElement): HTMLInputElement | null {
  const cell = beside.closest(".jp-Cell, .jp-OutputArea");
  return cell?.querySelector<HTMLInputElement>(".jp-Stdin-input:not([disabled])") ?? null;
}

function enter(input: HTMLInputElement, text: string): void {
  input.value = text;
  input.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", code: "Enter", bubbles: true, cancelable: true }));
}

export default {
  render: ({ model, el }: { model: QuestionModel; el: HTMLElement }) => {
    const said = element("span", { role: "status" });
    const buttons = model.get("answers").map(([text, meaning]) => {
      const button = element("button", { type: "button", class: "copy" }, meaning);
      button.addEventListener("click", () => {
        const input = prompt(el);
        if (input) enter(input, text);
        else said.textContent = `Type ${text} where this notebook asks.`;
      });
      return button;
    });
    const bar = element("div", { class: "bar" }, ...buttons, said);
    const frame = element("div", { class: "wasmnb-live", "data-lm-suppress-shortcuts": "true" }, bar);
    el.append(frame);
  },
};
