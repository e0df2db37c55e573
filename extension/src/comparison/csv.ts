import type { Comparison, Leaf, Row } from './bundle';
import { indexOf, largest } from './columns';

/** Gradients with more elements than these have a cell for each leaf, not for each element. */
const MOST = 200;

type Cell = string | number | boolean | null;

/** A comparison for spreadsheets: a line for each row, and one for the reference. */
export function csv(comparison: Comparison): string {
  const shapes = comparison.labels.map((_, i) => shape(comparison, i));
  const total = shapes.reduce((sum, found) => sum + elementsOf(found), 0);
  const apart = total <= MOST;
  const head = [
    'method',
    'h',
    'difference',
    'relative difference',
    'accurate',
    'first',
    'per call',
    'executions',
    'sweeps',
    'memory',
    'error'
  ];
  const measured = head.length;
  comparison.labels.forEach((label, i) => {
    const found = shapes[i] ?? [];
    for (let at = 0; at < (apart ? elementsOf(found) : 1); at++) {
      head.push(`gradient in ${label}${apart ? indexOf(at, found) : ''}`);
    }
  });
  const gradient = (leaves: readonly Leaf[] | null): Cell[] =>
    shapes.flatMap((found, i): readonly Cell[] => {
      const leaf = leaves?.[i];
      if (apart) {
        return leaf?.values ?? Array<null>(elementsOf(found)).fill(null);
      }
      return [leaf === undefined ? null : JSON.stringify(leaf.values.map(written))];
    });
  const lines = comparison.rows.map(row => [...measures(row), ...gradient(row.gradient)]);
  if (comparison.reference !== null) {
    const empty = Array<null>(measured - 1).fill(null);
    lines.push([comparison.referenceName, ...empty, ...gradient(comparison.reference)]);
  }
  return [head, ...lines].map(line => line.map(field).join(',') + '\r\n').join('');
}

function measures(row: Row): Cell[] {
  return [
    row.method,
    row.h,
    largest(row.absolute),
    largest(row.relative),
    row.accurate,
    row.first,
    row.perCall,
    row.executions,
    row.sweeps,
    row.memory,
    row.error
  ];
}

function shape(comparison: Comparison, leaf: number): readonly number[] {
  const gradients = [comparison.reference, ...comparison.rows.map(row => row.gradient)];
  return gradients.find(found => found !== null)?.[leaf]?.shape ?? [];
}

function elementsOf(found: readonly number[]): number {
  return found.reduce((product, length) => product * length, 1);
}

function written(value: number): number | string {
  return Number.isFinite(value) ? value : String(value);
}

/** A field by RFC 4180; text that a spreadsheet would take for a formula is marked as text. */
function field(value: Cell): string {
  if (value === null) {
    return '';
  }
  let text = String(value);
  if (typeof value === 'string' && /^[=+\-@\t\r]/.test(text)) {
    text = `'${text}`;
  }
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
