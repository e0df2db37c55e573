import { expect, test } from 'vitest';
import { Finder } from './finding';

const finder = new Finder('add Sub add sub');

test('forward, backward, and around the end', () => {
  expect([0, 1, 9].map(from => finder.next('add', from, true))).toEqual([0, 8, 0]);
  expect([0, 8, 9].map(from => finder.previous('add', from, true))).toEqual([8, 0, 8]);
  expect(finder.next('mul', 0, true)).toBe(-1);
  expect(finder.previous('mul', 3, true)).toBe(-1);
});

test('with and without the case', () => {
  expect(finder.next('sub', 0, true)).toBe(12);
  expect(finder.next('sub', 0, false)).toBe(4);
  expect(finder.count('SUB', 12, false, 99)).toEqual([2, 2]);
  expect(finder.count('SUB', 12, true, 99)).toEqual([0, 0]);
});

test('counts up to a number', () => {
  expect(new Finder('a'.repeat(50)).count('a', 0, true, 10)).toEqual([10, 1]);
  expect(new Finder('aaaa').count('aa', 2, true, 10)).toEqual([2, 2]);
});

test('positions are right where a letter is longer in lower case', () => {
  expect(new Finder('İİ x').next('x', 0, false)).toBe(3);
});
