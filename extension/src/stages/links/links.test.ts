import { describe, expect, test } from 'vitest';
import { Linking } from './linking';
import { StageLinks, nearest, placeKey, within } from './links';

const at = (line: number) => ({ file: 'f.py', line });
const key = (line: number) => placeKey(at(line));

describe('StageLinks', () => {
  const links = new StageLinks(
    new Map([
      [5, [at(10), at(20)]],
      [2, [at(10)]],
      [7, [at(20)]]
    ]),
    [{ first: 1, last: 3, places: [at(30)] }]
  );

  test('from a line to places, those that call its circuit last', () => {
    expect(links.chain(5)).toEqual([at(10), at(20)]);
    expect(links.chain(2)).toEqual([at(10), at(30)]);
    expect(links.chain(4)).toEqual([]);
  });

  test('from the first place that is known to lines, in ascending order', () => {
    expect(links.matching([key(10), key(20)])).toEqual([2, 5]);
    expect(links.matching([key(99), key(20)])).toEqual([5, 7]);
    expect(links.matching([key(30)])).toEqual([1, 2, 3]);
    expect(links.matching([key(99)])).toEqual([]);
    expect(links.matching([])).toEqual([]);
  });

  test('files are told apart', () => {
    expect(links.matching([placeKey({ file: 'g.py', line: 10 })])).toEqual([]);
  });
});

test('lines in a range', () => {
  const lines = [2, 3, 5, 8, 13];
  expect(within(lines, 3, 8)).toEqual([3, 5, 8]);
  expect(within(lines, 4, 4)).toEqual([]);
  expect(within(lines, 14, 99)).toEqual([]);
  expect(within([], 1, 9)).toEqual([]);
});

test('the nearest line', () => {
  expect([1, 4, 7, 20].map(line => nearest([2, 5, 8, 13], line))).toEqual([2, 5, 8, 13]);
  expect(nearest([], 3)).toBeUndefined();
});

describe('Linking', () => {
  const made = () => {
    let changes = 0;
    const linking = new Linking(() => (changes += 1));
    // Python, a stage that knows the gate, and one that knows the call of its circuit.
    linking.add(
      0,
      new StageLinks(
        new Map([
          [1, [at(10)]],
          [2, [at(20)]]
        ])
      )
    );
    linking.add(
      1,
      new StageLinks(new Map([[4, [at(10)]]]), [{ first: 3, last: 5, places: [at(20)] }])
    );
    linking.add(2, new StageLinks(new Map([[9, [at(20)]]])));
    return { linking, changes: () => changes };
  };

  test('a gate and the call of its circuit', () => {
    const { linking } = made();
    linking.hover({ stage: 1, line: 4 });
    expect([0, 1, 2].map(stage => linking.linesOf(stage))).toEqual([[1], [4], [9]]);
    linking.hover({ stage: 2, line: 9 });
    expect([0, 1, 2].map(stage => linking.linesOf(stage))).toEqual([[2], [3, 4, 5], [9]]);
  });

  test('what was chosen is linked again when the mouse leaves', () => {
    const { linking, changes } = made();
    linking.choose({ stage: 2, line: 9 });
    linking.hover({ stage: 0, line: 1 });
    const before = changes();
    linking.hover({ stage: 0, line: 1 });
    expect(changes()).toBe(before);
    expect(linking.pointed).toEqual({ stage: 0, line: 1 });
    linking.leave();
    expect(linking.pointed).toEqual({ stage: 2, line: 9 });
    linking.clear();
    expect(linking.pointed).toBeNull();
    expect(linking.linesOf(2)).toEqual([]);
  });

  test('what the mouse saw last stays where nothing was chosen', () => {
    const { linking } = made();
    linking.hover({ stage: 2, line: 9 });
    linking.leave();
    expect(linking.linesOf(0)).toEqual([2]);
  });
});
