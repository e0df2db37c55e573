import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { UnreadableBundle } from '../wire/json';
import { byteLength, contentOf, parseBundle } from './bundle';

const STAGE = {
  name: 'jaxpr',
  title: 'jaxpr',
  language: 'jaxpr',
  text: 'a\nb',
  size: 3,
  seconds: 0.5,
  missing: '',
  lines: [[2, [['f.py', 7]]]]
};
const BUNDLE = { version: 1, name: 'loss', stages: [STAGE] };

function problemOf(data: unknown): UnreadableBundle {
  try {
    parseBundle(data);
  } catch (error) {
    if (error instanceof UnreadableBundle) {
      return error;
    }
    throw error;
  }
  throw new Error('it was read');
}

describe('parseBundle', () => {
  test('reads what the first kernel package sent', async () => {
    const { name, stages, sources } = parseBundle(BUNDLE);
    expect([name, sources, stages.length]).toEqual(['loss', [], 1]);
    const content = await contentOf(stages[0]!);
    expect(content.text).toBe('a\nb');
    expect(content.lines.get(2)).toEqual([{ file: 'f.py', line: 7 }]);
    expect(stages[0]!.calls).toEqual([]);
  });

  test('reads where circuits are called and the functions they are in', () => {
    const calls = [[1, 2, [['f.py', 9]]]];
    const source = { name: 'circuit', file: 'f.py', first: 3, text: 'def circuit(): ...' };
    const read = parseBundle({ ...BUNDLE, stages: [{ ...STAGE, calls }], sources: [source] });
    expect(read.stages[0]!.calls).toEqual([
      { first: 1, last: 2, places: [{ file: 'f.py', line: 9 }] }
    ]);
    expect(read.sources).toEqual([source]);
  });

  test.each([
    ['newer', { ...BUNDLE, version: 2 }],
    ['older', { ...BUNDLE, version: 0 }],
    ['older', { name: 'loss', stages: [] }],
    ['broken', null],
    ['broken', []],
    ['broken', 'text'],
    ['broken', { version: 1, name: 'loss' }],
    ['broken', { ...BUNDLE, stages: [{ ...STAGE, text: undefined }] }],
    ['broken', { ...BUNDLE, stages: [{ ...STAGE, size: '3' }] }],
    ['broken', { ...BUNDLE, stages: [{ ...STAGE, lines: [[2.5, []]] }] }],
    ['broken', { ...BUNDLE, stages: [{ ...STAGE, lines: [[2, [[7, 'f.py']]]] }] }],
    ['broken', { ...BUNDLE, sources: {} }]
  ])('says that it is %s: %j', (kind, data) => {
    expect(problemOf(data).kind).toBe(kind);
    expect(problemOf(data).message).not.toBe('');
  });
});

describe('contentOf', () => {
  const packed = (content: unknown) => gzipSync(JSON.stringify(content)).toString('base64');
  const stage = (gzip: string) =>
    parseBundle({ ...BUNDLE, stages: [{ ...STAGE, text: '', lines: [], gzip }] }).stages[0]!;

  test('unpacks what was compressed', async () => {
    const text = 'λ\n'.repeat(100_000);
    const content = await contentOf(stage(packed({ text, lines: [[3, [['f.py', 1]]]] })));
    expect(content.text).toBe(text);
    expect(byteLength(content.text)).toBe(300_000);
    expect(content.lines.get(3)).toEqual([{ file: 'f.py', line: 1 }]);
  });

  test.each([['AAAA'], [packed([1])], [packed({ text: 1, lines: [] })]])(
    'says that %s is broken',
    async gzip => {
      await expect(contentOf(stage(gzip))).rejects.toBeInstanceOf(UnreadableBundle);
    }
  );
});
