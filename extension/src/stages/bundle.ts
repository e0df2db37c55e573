/** The stages of a program as the kernel sends them, and what is wrong with them. */

export const MIME_TYPE = 'application/vnd.qgrad-lab.stages.v1+json';

/** The version of the data that is understood. */
export const VERSION = 1;

/** A line of the user's code: its file, or the name that IPython gave to a cell, and its number. */
export interface Place {
  file: string;
  line: number;
}

/** Lines of a stage, from 1, that are one circuit, and the user's lines that call it. */
export interface Call {
  first: number;
  last: number;
  places: Place[];
}

/** The text of a stage and where its lines, from 1, come from. */
export interface Content {
  text: string;
  lines: Map<number, Place[]>;
}

export interface Stage {
  name: string;
  title: string;
  language: string;
  /** Bytes of the whole text, of which a very long one is cut. */
  size: number;
  seconds: number;
  /** Why there is no text; empty where there is. */
  missing: string;
  calls: Call[];
  /** What the stage consists of, or that compressed. */
  content: Content | { gzip: string };
}

/** A function of the user's that is no stage of its own. */
export interface Snippet {
  name: string;
  file: string;
  first: number;
  text: string;
}

export interface Bundle {
  name: string;
  stages: Stage[];
  sources: Snippet[];
}

/** Data that this version of the extension does not understand, and why. */
export class UnreadableBundle extends Error {
  constructor(
    readonly kind: 'newer' | 'older' | 'broken',
    readonly detail: string
  ) {
    super(detail);
  }
}

/**
 * The stages in what a kernel sent.
 *
 * What only newer kernel packages send (`calls`, `sources`) may be absent.
 *
 * @throws UnreadableBundle
 */
export function parseBundle(data: unknown): Bundle {
  const fields = record(data, 'the data');
  const version = fields['version'];
  if (typeof version !== 'number') {
    throw new UnreadableBundle('older', 'the data has no version');
  }
  if (version !== VERSION) {
    const kind = version > VERSION ? 'newer' : 'older';
    throw new UnreadableBundle(kind, `the data has version ${version}`);
  }
  return {
    name: text(fields, 'name'),
    stages: list(fields, 'stages').map(stageOf),
    sources: optionalList(fields, 'sources').map(entry => {
      const source = record(entry, 'sources');
      return {
        name: text(source, 'name'),
        file: text(source, 'file'),
        first: count(source, 'first'),
        text: text(source, 'text')
      };
    })
  };
}

/** The text of a stage, decompressed if need be: without blocking the page. */
export async function contentOf(stage: Stage): Promise<Content> {
  if (!('gzip' in stage.content)) {
    return stage.content;
  }
  const packed = Uint8Array.from(atob(stage.content.gzip), character => character.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream('gzip'));
  let unpacked: unknown;
  try {
    unpacked = await new Response(stream).json();
  } catch (error) {
    throw new UnreadableBundle('broken', `${stage.name}: ${String(error)}`);
  }
  return contentFrom(record(unpacked, stage.name));
}

/** How many bytes a text has in UTF-8, the unit of `Stage.size`. */
export function byteLength(content: string): number {
  return new TextEncoder().encode(content).length;
}

function stageOf(entry: unknown): Stage {
  const fields = record(entry, 'stages');
  const gzip = fields['gzip'];
  return {
    name: text(fields, 'name'),
    title: text(fields, 'title'),
    language: text(fields, 'language'),
    size: count(fields, 'size'),
    seconds: count(fields, 'seconds'),
    missing: text(fields, 'missing'),
    calls: optionalList(fields, 'calls').map(call => {
      const [first, last, places] = tuple(call, 'calls');
      return { first: whole(first), last: whole(last), places: placesOf(places) };
    }),
    content: typeof gzip === 'string' ? { gzip } : contentFrom(fields)
  };
}

function contentFrom(fields: Record<string, unknown>): Content {
  const lines = new Map<number, Place[]>();
  for (const entry of list(fields, 'lines')) {
    const [number, places] = tuple(entry, 'lines');
    lines.set(whole(number), placesOf(places));
  }
  return { text: text(fields, 'text'), lines };
}

function placesOf(value: unknown): Place[] {
  return tuple(value, 'places').map(entry => {
    const [file, line] = tuple(entry, 'places');
    if (typeof file !== 'string') {
      throw broken('places');
    }
    return { file, line: whole(line) };
  });
}

function broken(what: string): UnreadableBundle {
  return new UnreadableBundle('broken', `${what} is not as expected`);
}

function record(value: unknown, what: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw broken(what);
  }
  return value as Record<string, unknown>;
}

function tuple(value: unknown, what: string): unknown[] {
  if (!Array.isArray(value)) {
    throw broken(what);
  }
  return value;
}

function list(fields: Record<string, unknown>, key: string): unknown[] {
  return tuple(fields[key], key);
}

function optionalList(fields: Record<string, unknown>, key: string): unknown[] {
  return key in fields ? list(fields, key) : [];
}

function text(fields: Record<string, unknown>, key: string): string {
  const value = fields[key];
  if (typeof value !== 'string') {
    throw broken(key);
  }
  return value;
}

function count(fields: Record<string, unknown>, key: string): number {
  const value = fields[key];
  if (typeof value !== 'number') {
    throw broken(key);
  }
  return value;
}

function whole(value: unknown): number {
  if (typeof value !== 'number' || !Number.isInteger(value)) {
    throw broken('a line number');
  }
  return value;
}
