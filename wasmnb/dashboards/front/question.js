// src/dom.ts
function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") made.addEventListener(name.slice(2), value);
    else if (value !== null && value !== void 0 && value !== false)
      made.setAttribute(name, value === true ? "" : String(value));
  }
  made.append(...children);
  return made;
}

// src/question.ts
function prompt(beside) {
  const cell = beside.closest(".jp-Cell, .jp-OutputArea");
  return cell?.querySelector(".jp-Stdin-input:not([disabled])") ?? null;
}
function enter(input, text) {
  input.value = text;
  input.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", code: "Enter", bubbles: true, cancelable: true }));
}
var question_default = {
  render: ({ model, el }) => {
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
  }
};
export {
  question_default as default
};
