/** The comparison bundle: what `Comparison.to_dict` of Python returns, checked. */

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
  readonly best: { readonly label: string | null; readonly reason: string };
}

/** A bundle of another version than this one. */
export class VersionError extends Error {
  constructor(readonly found: number) {
    super(`version ${found}`);
  }
}

/** A bundle that is not of the form of its version; `path` is where. */
export class ShapeError extends Error {
  constructor(readonly path: string) {
    super(path);
  }
}

/** Check a bundle; throws `VersionError` or `ShapeError`. */
export function parse(data: unknown): Comparison {
  const bundle = record(data, 'bundle');
  const version = bundle['version'];
  if (typeof version !== 'number') {
    throw new ShapeError('version');
  }
  if (version !== VERSION) {
    throw new VersionError(version);
  }
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
    referenceError: textOrNull(bundle['reference_error'], 'reference_error'),
    // Bundles that were saved before there was a viewer do not say it: it was always this.
    tolerance: real(bundle['tolerance'] ?? 1e-6, 'tolerance'),
    limit: realOrNull(bundle['limit'], 'limit'),
    infinityRemark: textOrNull(bundle['infinity_remark'], 'infinity_remark'),
    best: {
      label: textOrNull(best['label'], 'best.label'),
      reason: text(best['reason'], 'best.reason')
    }
  };
}

function parseRow(data: unknown, labels: readonly string[], path: string): Row {
  const row = record(data, path);
  const error = textOrNull(row['error'], `${path}.error`);
  const gradient = leaves(row['gradient'], labels, `${path}.gradient`);
  if (gradient === null && error === null) {
    throw new ShapeError(`${path}.gradient`);
  }
  const numeric = (name: string) => realOrNull(row[name], `${path}.${name}`);
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
    advice: textOrNull(row['advice'], `${path}.advice`)
  };
}

function leaves(data: unknown, labels: readonly string[], path: string): Leaf[] | null {
  if (data === null || data === undefined) {
    return null;
  }
  const byLabel = record(data, path);
  return labels.map(label => {
    if (!(label in byLabel)) {
      throw new ShapeError(`${path}.${label}`);
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
    throw new ShapeError(path);
  }
  for (const entry of entries) {
    flatten(entry, shape, depth + 1, into, path);
  }
}

function record(data: unknown, path: string): Record<string, unknown> {
  if (typeof data !== 'object' || data === null || Array.isArray(data)) {
    throw new ShapeError(path);
  }
  return data as Record<string, unknown>;
}

function list(data: unknown, path: string): unknown[] {
  if (!Array.isArray(data)) {
    throw new ShapeError(path);
  }
  return data;
}

function text(data: unknown, path: string): string {
  if (typeof data !== 'string') {
    throw new ShapeError(path);
  }
  return data;
}

function textOrNull(data: unknown, path: string): string | null {
  return data === null || data === undefined ? null : text(data, path);
}

const WORDS: Record<string, number> = { NaN: NaN, Infinity: Infinity, '-Infinity': -Infinity };

/** A number; JSON has words for those that are not finite. */
function real(data: unknown, path: string): number {
  if (typeof data === 'number') {
    return data;
  }
  const found = typeof data === 'string' ? WORDS[data] : undefined;
  if (found === undefined) {
    throw new ShapeError(path);
  }
  return found;
}

function realOrNull(data: unknown, path: string): number | null {
  return data === null || data === undefined ? null : real(data, path);
}

function reals(data: unknown, labels: readonly string[], path: string): number[] | null {
  if (data === null || data === undefined) {
    return null;
  }
  const found = list(data, path).map((value, i) => real(value, `${path}[${i}]`));
  if (found.length !== labels.length) {
    throw new ShapeError(path);
  }
  return found;
}
