// A text with a button that copies it.

import { element } from "./dom.ts";

const SHOWN = 1_500;

/** A text as code, and a button beside it; `what` names the text to who cannot see where the button stands. */
export function copyable(text: string, what: string): HTMLElement[] {
  const code = element("span", { class: "code" }, text);
  const button = element("button", { type: "button", class: "copy", "aria-label": `Copy ${what}` }, "copy");
  button.addEventListener("click", async (event) => {
    event.stopPropagation();
    const done = await copied(text).catch(() => false);
    // Where a page may not write to the clipboard, the text is selected for who copies it by keys.
    if (!done) getSelection()?.selectAllChildren(code);
    button.textContent = done ? "copied" : "selected";
    setTimeout(() => {
      button.textContent = "copy";
    }, SHOWN);
  });
  return [code, button];
}

async function copied(text: string): Promise<boolean> {
  // Only where the page is secure: https, or this machine.
  if (!navigator.clipboard) return false;
  await navigator.clipboard.writeText(text);
  return true;
}
