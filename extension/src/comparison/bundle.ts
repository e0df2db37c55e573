/** The comparison bundle: what `Comparison.to_dict` of Python returns, checked. */

import {
  checkVersion,
  list,
  number,
  optional,
  real,
  record,
  text,
  UnreadableBundle
} from '../wire/json';

export const MIME_TYPE = 'application/vnd.qgrad-lab.comparison.v1+json';

/** The version of the bundle that is known here. */
export const VERSION = 1;

/** One array of a gradient. */
export interface Leaf {
  readonly label: string;
  readonly shape: readonly number[];
  /** All elements, the last index first to change. */
  readonly values: readonly number[];
}

/** What one method gave and cost. */
export interface Row {
  readonly method: string;
  readonly h: number | null;
  readonly label: string;
  /** Null where the method failed. */
  readonly gradient: readonly Leaf[] | null;
  /** By leaf: the largest absolute difference to the reference. */
  readonly absolute: readonly number[] | null;
  readonly relative: readonly number[] | null;
  readonly first: number | null;
  readonly perCall: number | null;
  readonly calls: number;
  readonly executions: number | null;
  readonly sweeps: number | null;
  readonly memory: number | null;
  readonly error: string | null;
  readonly notes: readonly string[];
  /** Whether it is as close to the reference as asked for; null if that is not known. */
  readonly accurate: boolean | null;
  /** Why it is not, or why that is not known, in words. */
  readonly advice: string | null;
}

export interface Comparison {
  readonly call: string;
  /** By path in what the function returns; the path of a bare number is empty. */
  readonly value: readonly (readonly [string, number])[];
  readonly labels: readonly string[];
  readonly rows: readonly Row[];
  readonly reference: readonly Leaf[] | null;
  readonly referenceName: string;
  readonly referenceError: string | null;
  readonly tolerance: number;
  /** The largest absolute difference of an accurate element; null if the bundle does not say. */
  readonly limit: number | null;
  /** What infinite elements of the reference mean, in words. */
  readonly infinityRemark: string | null;
  /** That numbers have fewer than 64 bits, in words. */
  readonly precisionRemark: string | null;
  readonly best: { readonly label: string | null; readonly reason: string };
}

/**
 * Check a bundle.
 *
 * @throws UnreadableBundle
 */
export function parse(data: unknown): Comparison {
  const bundle = record(data, 'bundle');
  checkVersion(number(bundle['version'], 'version'), VERSION);
  const labels = list(bundle['labels'], 'labels').map((label, i) => text(label, `labels[${i}]`));
  const best = record(bundle['best'], 'best');
  return {
    call: text(bundle['call'], 'call'),
    value: Object.entries(record(bundle['value'] ?? {}, 'value')).map(
      ([path, value]) => [path, real(value, `value${path}`)] as const
    ),
    labels,
    rows: list(bundle['rows'], 'rows').map((row, i) => parseRow(row, labels, `rows[${i}]`)),
    reference: leaves(bundle['reference'], labels, 'reference'),
    referenceName: text(bundle['reference_name'], 'reference_name'),
    referenceError: optional(text, bundle['reference_error'], 'reference_error'),
    // Bundles that were saved before there was a viewer do not say it: it was always this.
    tolerance: real(bundle['tolerance'] ?? 1e-6, 'tolerance'),
    limit: optional(real, bundle['limit'], 'limit'),
    infinityRemark: optional(text, bundle['infinity_remark'], 'infinity_remark'),
    precisionRemark: optional(text, bundle['precision_remark'], 'precision_remark'),
    best: {
      label: optional(text, best['label'], 'best.label'),
      reason: text(best['reason'], 'best.reason')
    }
  };
}

function parseRow(data: unknown, labels: readonly string[], path: string): Row {
  const row = record(data, path);
  const error = optional(text, row['error'], `${path}.error`);
  const gradient = leaves(row['gradient'], labels, `${path}.gradient`);
  if (gradient === null && error === null) {
    throw new UnreadableBundle('broken', `${path}.gradient`);
  }
  const numeric = (name: string) => optional(real, row[name], `${path}.${name}`);
  return {
    method: text(row['method'], `${path}.method`),
    h: numeric('h'),
    label: text(row['label'], `${path}.label`),
    gradient: error === null ? gradient : null,
    absolute: reals(row['absolute'], labels, `${path}.absolute`),
    relative: reals(row['relative'], labels, `${path}.relative`),
    first: numeric('first'),
    perCall: numeric('per_call'),
    calls: numeric('calls') ?? 0,
    executions: numeric('executions'),
    sweeps: numeric('sweeps'),
    memory: numeric('memory'),
    error,
    notes: list(row['notes'] ?? [], `${path}.notes`).map((note, i) =>
      text(note, `${path}.notes[${i}]`)
    ),
    accurate: typeof row['accurate'] === 'boolean' ? row['accurate'] : null,
    advice: optional(text, row['advice'], `${path}.advice`)
  };
}

function leaves(data: unknown, labels: readonly string[], path: string): Leaf[] | null {
  if (data === null || data === undefined) {
    return null;
  }
  const byLabel = record(data, path);
  return labels.map(label => {
    if (!(label in byLabel)) {
      throw new UnreadableBundle('broken', `${path}.${label}`);
    }
    const shape = shapeOf(byLabel[label]);
    const values: number[] = [];
    flatten(byLabel[label], shape, 0, values, `${path}.${label}`);
    return { label, shape, values };
  });
}

function shapeOf(data: unknown): number[] {
  return Array.isArray(data) ? [data.length, ...(data.length > 0 ? shapeOf(data[0]) : [])] : [];
}

function flatten(data: unknown, shape: number[], depth: number, into: number[], path: string) {
  if (depth === shape.length) {
    into.push(real(data, path));
    return;
  }
  const entries = list(data, path);
  if (entries.length !== shape[depth]) {
    throw new UnreadableBundle('broken', path);
  }
  for (const entry of entries) {
    flatten(entry, shape, depth + 1, into, path);
  }
}

function reals(data: unknown, labels: readonly string[], path: string): number[] | null {
  if (data === null || data === undefined) {
    return null;
  }
  const found = list(data, path).map((value, i) => real(value, `${path}[${i}]`));
  if (found.length !== labels.length) {
    throw new UnreadableBundle('broken', path);
  }
  return found;
}
