/** Attributes of an element: properties by name, listeners by `onclick` and the like. */
export type Attributes = Record<string, string | boolean | null | ((event: Event) => void)>;

/** An element with attributes and children; `true` is an empty attribute, `false` and null none. */
export function element<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: (Node | string | null)[]
): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === 'function') {
      made.addEventListener(name.replace(/^on/, ''), value);
    } else if (value !== null && value !== false) {
      made.setAttribute(name, value === true ? '' : value);
    }
  }
  made.append(...children.filter(child => child !== null));
  return made;
}

let made = 0;

/** An id that no other element of the page has. */
export function newId(): string {
  made += 1;
  return `qgrad-${made}`;
}
