/** Attributes by name, and listeners by `onclick` and the like. */
export type Attributes = Record<string, string | boolean | null | ((event: Event) => void)>;

type Child = Node | string | null;

/**
 * An element with attributes and children; text is never read as HTML.
 *
 * An attribute of `true` is empty, and those of `false` and null are left out, as are null children.
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

/** An id for `aria-labelledby` and its relatives. */
export function uniqueId(prefix: string): string {
  last += 1;
  return `${prefix}-${last}`;
}
