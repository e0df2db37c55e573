/** The stages of a program as the kernel sends them, and what is wrong with them. */

import { checkVersion, list, number, record, text, UnreadableBundle, whole } from '../wire/json';

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
    throw new UnreadableBundle('older', 'version', 'the data has no version');
  }
  checkVersion(version, VERSION);
  return {
    name: text(fields['name'], 'name'),
    stages: list(fields['stages'], 'stages').map(stageOf),
    sources: list(fields['sources'] ?? [], 'sources').map(entry => {
      const source = record(entry, 'sources');
      return {
        name: text(source['name'], 'name'),
        file: text(source['file'], 'file'),
        first: number(source['first'], 'first'),
        text: text(source['text'], 'text')
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
    throw new UnreadableBundle('broken', stage.name, `${stage.name}: ${String(error)}`);
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
    name: text(fields['name'], 'name'),
    title: text(fields['title'], 'title'),
    language: text(fields['language'], 'language'),
    size: number(fields['size'], 'size'),
    seconds: number(fields['seconds'], 'seconds'),
    missing: text(fields['missing'], 'missing'),
    calls: list(fields['calls'] ?? [], 'calls').map(call => {
      const [first, last, places] = list(call, 'calls');
      return {
        first: whole(first, 'a line number'),
        last: whole(last, 'a line number'),
        places: placesOf(places)
      };
    }),
    content: typeof gzip === 'string' ? { gzip } : contentFrom(fields)
  };
}

function contentFrom(fields: Record<string, unknown>): Content {
  const lines = new Map<number, Place[]>();
  for (const entry of list(fields['lines'], 'lines')) {
    const [number, places] = list(entry, 'lines');
    lines.set(whole(number, 'a line number'), placesOf(places));
  }
  return { text: text(fields['text'], 'text'), lines };
}

function placesOf(value: unknown): Place[] {
  return list(value, 'places').map(entry => {
    const [file, line] = list(entry, 'places');
    return { file: text(file, 'places'), line: whole(line, 'a line number') };
  });
}
