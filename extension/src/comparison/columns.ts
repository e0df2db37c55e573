import type { Leaf, Row } from './bundle';
import { greater } from './numbers';

/** What rows can be sorted by. */
export const COLUMNS = [
  'method',
  'difference',
  'relative',
  'first',
  'perCall',
  'executions',
  'sweeps',
  'memory'
] as const;

export type Column = (typeof COLUMNS)[number];

export type Direction = 'ascending' | 'descending';

/** By what, and which way; null is the order that was asked for in Python. */
export type Order<C> = { readonly column: C; readonly direction: Direction } | null;

/** The largest of the differences of leaves; not a number if any is. */
export function largest(values: readonly number[] | null): number | null {
  return values === null ? null : values.reduce(greater, 0);
}

/** The number, or the word, that a row has in a column. */
export function cell(row: Row, column: Column): number | string | null {
  switch (column) {
    case 'method':
      return row.label;
    case 'difference':
      return largest(row.absolute);
    case 'relative':
      return largest(row.relative);
    default:
      return row[column];
  }
}

/** The order after a click on a column's header: ascending, descending, and as it was. */
export function nextOrder<C>(order: Order<C>, column: C): Order<C> {
  if (order?.column !== column) {
    return { column, direction: 'ascending' };
  }
  return order.direction === 'ascending' ? { column, direction: 'descending' } : null;
}

/** Rows in an order; whichever way it is, rows without a number come late, and failed ones last. */
export function sorted(rows: readonly Row[], order: Order<Column>): Row[] {
  return sortedBy(rows, order, row =>
    order === null || row.error !== null ? undefined : cell(row, order.column)
  );
}

/** Anything in an order; entries whose key is null come late, and those without one last. */
export function sortedBy<T, C>(
  entries: readonly T[],
  order: Order<C>,
  key: (entry: T) => number | string | null | undefined
): T[] {
  if (order === null) {
    return [...entries];
  }
  const sign = order.direction === 'ascending' ? 1 : -1;
  return entries
    .map(entry => ({ entry, key: key(entry) }))
    .sort((a, b) => lateness(a.key) - lateness(b.key) || sign * compared(a.key, b.key))
    .map(({ entry }) => entry);
}

function lateness(key: number | string | null | undefined): number {
  return key === undefined ? 2 : key === null ? 1 : 0;
}

function compared(one: unknown, other: unknown): number {
  if (typeof one === 'string' && typeof other === 'string') {
    return one.localeCompare(other, 'en', { numeric: true });
  }
  if (typeof one !== 'number' || typeof other !== 'number') {
    return 0;
  }
  if (Number.isNaN(one) || Number.isNaN(other)) {
    // Not a number is worse than any difference.
    return Number(Number.isNaN(one)) - Number(Number.isNaN(other));
  }
  return one === other ? 0 : one < other ? -1 : 1;
}

/** One element of a gradient, beside that of the reference. */
export interface Element {
  /** Its index, such as `[1, 0]`; empty for a bare number. */
  readonly index: string;
  readonly position: number;
  readonly value: number;
  readonly reference: number | null;
  readonly difference: number | null;
}

/** All elements of a leaf. */
export function elements(leaf: Leaf, reference: Leaf | null): Element[] {
  const known = reference?.values.length === leaf.values.length ? reference.values : null;
  return leaf.values.map((value, position) => {
    const other = known?.[position] ?? null;
    return {
      index: indexOf(position, leaf.shape),
      position,
      value,
      reference: other,
      difference: other === null ? null : distance(value, other)
    };
  });
}

/** Whether an element is within the limit; null if that is not known, as for two NaN. */
export function isAccurate(element: Element, limit: number | null): boolean | null {
  const { value, reference, difference } = element;
  if (limit === null || difference === null || (Number.isNaN(value) && Number.isNaN(reference))) {
    return null;
  }
  return Number.isFinite(difference) && difference <= limit;
}

/** Zero also for two equal infinities. */
function distance(one: number, other: number): number {
  return one === other ? 0 : Math.abs(one - other);
}

/** The index of an element by its place in the flat array. */
export function indexOf(position: number, shape: readonly number[]): string {
  if (shape.length === 0) {
    return '';
  }
  const index: number[] = [];
  let rest = position;
  for (const length of [...shape].reverse()) {
    index.unshift(rest % length);
    rest = Math.floor(rest / length);
  }
  return `[${index.join(', ')}]`;
}
