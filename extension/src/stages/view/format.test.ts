import { nullTranslator } from '@jupyterlab/translation';
import { expect, test } from 'vitest';
import { linesText, secondsText, sizeText } from './format';

test('sizes', () => {
  expect([0, 999, 1000, 12_345, 999_499, 999_500, 12_345_678].map(sizeText)).toEqual([
    '0 B',
    '999 B',
    '1 kB',
    '12.3 kB',
    '999 kB',
    '1 MB',
    '12.3 MB'
  ]);
});

test('durations', () => {
  expect([0, 0.00012, 0.0123, 0.9994, 0.9995, 12.34].map(secondsText)).toEqual([
    '< 0.1 ms',
    '0.12 ms',
    '12.3 ms',
    '999 ms',
    '1 s',
    '12.3 s'
  ]);
});

test('lines', () => {
  const trans = nullTranslator.load('qgrad_lab');
  expect(linesText(trans, 1)).toBe('1 line');
  expect(linesText(trans, 12_345)).toBe('12,345 lines');
});
