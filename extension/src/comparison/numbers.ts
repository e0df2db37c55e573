/** How numbers are written: as in the tables that Python makes (`results/format.py`). */

/** Arrays with more elements than these are written with fewer digits, and summarised. */
const SHORT = 2;
const LONGEST = 8;

/** A number with a fixed count of significant digits. */
export function number(value: number, digits = 8): string {
  if (!Number.isFinite(value)) {
    return Number.isNaN(value) ? 'nan' : value > 0 ? 'inf' : '-inf';
  }
  const exponent = value === 0 ? 0 : Number(value.toExponential(digits - 1).split('e')[1]);
  if (exponent >= -4 && exponent < digits) {
    return value.toFixed(Math.max(0, digits - 1 - exponent));
  }
  return padded(value.toExponential(digits - 1));
}

/** An error, of which only the size matters. */
export function difference(value: number | null): string {
  if (value === null) {
    return '—';
  }
  if (value === 0 || !Number.isFinite(value)) {
    return value === 0 ? '0' : number(value);
  }
  return padded(value.toExponential(1));
}

/** A time with three digits and the unit that suits it. */
export function duration(seconds: number | null): string {
  if (seconds === null) {
    return '—';
  }
  for (const [unit, scale] of [
    ['µs', 1e-6],
    ['ms', 1e-3]
  ] as const) {
    // 0.9995 of the next unit would be written as a four-digit 1000.
    if (seconds < 999.5 * scale) {
      return `${number(seconds / scale, 3)} ${unit}`;
    }
  }
  return seconds < 999.5 ? `${number(seconds, 3)} s` : `${seconds.toFixed(0)} s`;
}

/** How many. */
export function count(value: number | null): string {
  return value === null ? '—' : value.toLocaleString('en-US');
}

/** Bytes, with three digits at most. */
export function size(bytes: number | null): string {
  if (bytes === null) {
    return '—';
  }
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${Number(value.toPrecision(3))} ${units[unit]}`;
}

/** An array in at most a line: its elements, or its shape and how large they are. */
export function summary(values: readonly number[], shape: readonly number[]): string {
  if (values.length <= LONGEST) {
    return nested(values, shape, values.length <= SHORT ? 8 : 5);
  }
  const largest = values.reduce((most, value) => greater(most, Math.abs(value)), 0);
  // Lines break after the comma alone.
  return `[${shape.join('\u00a0×\u00a0')}], max\u00a0|g|\u00a0=\u00a0${number(largest, 5)}`;
}

/** The larger of two; not a number if either is. */
export function greater(one: number, other: number): number {
  return Number.isNaN(one) || Number.isNaN(other) ? NaN : Math.max(one, other);
}

function nested(values: readonly number[], shape: readonly number[], digits: number): string {
  const [length, ...rest] = shape;
  if (length === undefined) {
    return number(values[0] ?? NaN, digits);
  }
  const step = values.length / Math.max(1, length);
  const parts = Array.from({ length }, (_, i) =>
    nested(values.slice(i * step, (i + 1) * step), rest, digits)
  );
  return `[${parts.join(', ')}]`;
}

/** Exponents with two digits, as Python writes them. */
function padded(text: string): string {
  return text.replace(/e([+-])(\d)$/, 'e$10$2');
}
