import { expect, test } from 'vitest';
import { foldEnds } from './folds';

const folds = (text: string, blocks: 'braces' | 'indentation' | 'labels') =>
  [...foldEnds(text.split('\n'), blocks)].flatMap((end, line) => (end ? [[line, end]] : []));

test('braces, nested, with an else between two', () => {
  const text = 'module {\n  if {\n    a\n  } else {\n    b\n    c\n  }\n}\nreturn';
  expect(folds(text, 'braces')).toEqual([
    [0, 6],
    [1, 2],
    [3, 5]
  ]);
});

test('braces that close on their line, or never', () => {
  expect(folds('a {b}\nc {\n}\nd {\ne', 'braces')).toEqual([]);
  expect(folds('}\n}', 'braces')).toEqual([]);
});

test('labels in LLVM IR do not close the function', () => {
  expect(folds('define void @f() {\n  a\n.lr.ph:   ; preds = %1\n  b\n}', 'braces')).toEqual([
    [0, 3]
  ]);
});

test('indentation, over blank lines', () => {
  const text = 'def f():\n    if x:\n        y\n\n    z\n\nw';
  expect(folds(text, 'indentation')).toEqual([
    [0, 4],
    [1, 2]
  ]);
});

test('labels, up to a blank line', () => {
  expect(folds('; comment\nf:\n  mov\n  ret\n\ng:\n  ret\nh:', 'labels')).toEqual([
    [1, 3],
    [5, 6]
  ]);
});
