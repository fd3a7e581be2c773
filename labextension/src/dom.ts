// Elements of a page.

type Attribute = string | number | boolean | null | undefined | ((event: Event) => void);

/** Make an element; `class` and `on…` are what they are in HTML, and what is null or false is left out. */
export function element<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Record<string, Attribute> = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[Tag] {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") made.addEventListener(name.slice(2), value);
    else if (value !== null && value !== undefined && value !== false)
      made.setAttribute(name, value === true ? "" : String(value));
  }
  made.append(...children);
  return made;
}

/** The sign before a word; the word says the same to who cannot see it. */
export function sign(text: string, tone: string): HTMLElement {
  return element("span", { class: `sign ${tone}`, "aria-hidden": "true" }, text);
}
