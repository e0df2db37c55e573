/** Attributes of an element: properties by name, listeners by `onclick` and the like. */
export type Attributes = Record<string, string | boolean | null | ((event: Event) => void)>;

type Child = Node | string | null;

/**
 * An element with attributes and children, one by one or in lists; text is never read as HTML.
 * `true` is an empty attribute, `false` and null are none.
 */
export function element<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Attributes = {},
  ...children: (Child | Child[])[]
): HTMLElementTagNameMap[Tag] {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === 'function') {
      made.addEventListener(name.replace(/^on/, ''), value);
    } else if (value !== null && value !== false) {
      made.setAttribute(name, value === true ? '' : value);
    }
  }
  made.append(...children.flat().filter(child => child !== null));
  return made;
}

let last = 0;

/** An id that no other element of the page has, for `aria-labelledby` and its relatives. */
export function uniqueId(prefix = 'qgrad'): string {
  last += 1;
  return `${prefix}-${last}`;
}
