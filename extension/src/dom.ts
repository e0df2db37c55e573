/** An element with attributes and children; text is never read as HTML. */
export function element<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Record<string, string> = {},
  children: (Node | string)[] = []
): HTMLElementTagNameMap[Tag] {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    made.setAttribute(name, value);
  }
  made.append(...children);
  return made;
}

let last = 0;

/** An id for `aria-labelledby` and its relatives. */
export function uniqueId(prefix: string): string {
  last += 1;
  return `${prefix}-${last}`;
}
