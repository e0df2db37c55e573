/** Readers of JSON from the kernel, which check what they read, and the one error they throw. */

/** Data that this version of the extension does not understand, and why. */
export class UnreadableBundle extends Error {
  constructor(
    readonly kind: 'newer' | 'older' | 'broken',
    /** Which part of the data is at fault. */
    readonly path: string,
    detail = `${path} is not as expected`,
    /** The version of the data, where that is what is wrong. */
    readonly version: number | null = null
  ) {
    super(detail);
  }
}

/** Refuse data of another version than the known one. */
export function checkVersion(found: number, known: number): void {
  if (found !== known) {
    const kind = found > known ? 'newer' : 'older';
    throw new UnreadableBundle(kind, 'version', `the data has version ${found}`, found);
  }
}

export function record(data: unknown, path: string): Record<string, unknown> {
  if (typeof data !== 'object' || data === null || Array.isArray(data)) {
    throw new UnreadableBundle('broken', path);
  }
  return data as Record<string, unknown>;
}

export function list(data: unknown, path: string): unknown[] {
  if (!Array.isArray(data)) {
    throw new UnreadableBundle('broken', path);
  }
  return data;
}

export function text(data: unknown, path: string): string {
  if (typeof data !== 'string') {
    throw new UnreadableBundle('broken', path);
  }
  return data;
}

/** A number; JSON itself has finite ones only. */
export function number(data: unknown, path: string): number {
  if (typeof data !== 'number') {
    throw new UnreadableBundle('broken', path);
  }
  return data;
}

export function whole(data: unknown, path: string): number {
  if (!Number.isInteger(data)) {
    throw new UnreadableBundle('broken', path);
  }
  return data as number;
}

const WORDS: Record<string, number> = { NaN: NaN, Infinity: Infinity, '-Infinity': -Infinity };

/** A number, or the word for one that is not finite. */
export function real(data: unknown, path: string): number {
  return number(typeof data === 'string' ? WORDS[data] : data, path);
}

/** What `read` reads; null where there is nothing. */
export function optional<T>(
  read: (data: unknown, path: string) => T,
  data: unknown,
  path: string
): T | null {
  return data === null || data === undefined ? null : read(data, path);
}
