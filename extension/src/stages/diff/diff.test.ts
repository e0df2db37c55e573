import { describe, expect, test } from 'vitest';
import { diffLines } from './diff';

/** `b`, made of `a` and the changes: wrong if a line outside of the changes differs. */
function applied(a: string[], b: string[]): string[] {
  const made: string[] = [];
  let at = 0;
  for (const { fromA, toA, fromB, toB } of diffLines(a, b)) {
    made.push(...a.slice(at, fromA), ...b.slice(fromB, toB));
    at = toA;
  }
  return [...made, ...a.slice(at)];
}

const lines = (text: string) => text.split('');

describe('diffLines', () => {
  test.each([
    ['', ''],
    ['abc', 'abc'],
    ['abc', ''],
    ['', 'abc'],
    ['abc', 'axc'],
    ['abcabba', 'cbabac'],
    ['aaaa', 'aa'],
    ['abab', 'baba'],
    ['xaby', 'xbay'],
    ['mario', 'maria']
  ])('%s to %s', (a, b) => {
    expect(applied(lines(a), lines(b))).toEqual(lines(b));
  });

  test('has as few changes as Myers finds', () => {
    const count = (a: string, b: string) =>
      diffLines(lines(a), lines(b)).reduce(
        (sum, change) => sum + change.toA - change.fromA + change.toB - change.fromB,
        0
      );
    expect(count('abcabba', 'cbabac')).toBe(5);
    expect(count('aabbaabb', 'abbaabba')).toBe(2);
  });

  test('of random texts', () => {
    let seed = 7;
    const random = (below: number) => {
      seed = (seed * 1103515245 + 12345) % 2147483648;
      return seed % below;
    };
    for (let round = 0; round < 300; round += 1) {
      const alphabet = 2 + random(12);
      const text = () => Array.from({ length: random(40) }, () => String(random(alphabet)));
      const [a, b] = [text(), text()];
      expect(applied(a, b)).toEqual(b);
    }
  });

  test('a long text with few changes, and one that has nothing in common', () => {
    const a = Array.from({ length: 200_000 }, (_, index) => `%${index} = add %${index % 97}`);
    const b = a.map((line, index) => (index % 1000 === 500 ? `${line} // new` : line));
    expect(diffLines(a, b)).toHaveLength(200);
    const repeated = Array.from({ length: 20_000 }, (_, index) => String(index % 3));
    const others = Array.from({ length: 20_000 }, (_, index) => String(3 + (index % 3)));
    expect(diffLines(repeated, others)).toEqual([{ fromA: 0, toA: 20_000, fromB: 0, toB: 20_000 }]);
  });
});
