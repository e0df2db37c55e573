// @vitest-environment jsdom
import { expect, test, vi } from 'vitest';
import { diffLines } from './diff';

// Icons come with styles, which a test without a page has no use for.
vi.mock('@jupyterlab/ui-components', () => ({
  LabIcon: class {},
  caretUpIcon: {},
  caretDownIcon: {}
}));
const { letterChanges } = await import('./comparing');

test.each([
  ['x', 'x\ny'],
  ['x\ny', 'x'],
  ['a\nb\nc', 'a\nc'],
  ['a\nb', 'a\nB'],
  ['', 'a\nb'],
  ['a\nb\n', 'a\nb'],
  ['a\nb', 'z\na\nb'],
  ['same', 'same']
])('%j to %j by position', (a, b) => {
  const [linesA, linesB] = [a.split('\n'), b.split('\n')];
  let [made, at] = ['', 0];
  for (const change of letterChanges(diffLines(linesA, linesB), linesA, linesB, a, b)) {
    made += a.slice(at, change.fromA) + b.slice(change.fromB, change.toB);
    at = change.toA;
  }
  expect(made + a.slice(at)).toBe(b);
});
