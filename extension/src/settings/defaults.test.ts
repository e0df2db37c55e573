import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { defaultsOf, FALLBACK } from './defaults';

interface Property {
  title?: string;
  description?: string;
  default?: unknown;
  pattern?: string;
}

const schema = JSON.parse(readFileSync('schema/settings.json', 'utf-8')) as {
  properties: Record<string, Property>;
};

test('every setting has a title, a description and a default', () => {
  expect(Object.keys(schema.properties)).toEqual([...Object.keys(FALLBACK)]);
  for (const [name, property] of Object.entries(schema.properties)) {
    expect([name, property.title, property.description]).not.toContain(undefined);
    expect(property).toHaveProperty('default');
  }
});

test('the defaults of the schema are those where there are no settings', () => {
  const stored = Object.entries(schema.properties).map(([name, { default: value }]) => [
    name,
    value
  ]);
  expect(defaultsOf(Object.fromEntries(stored) as Record<string, unknown>)).toEqual(FALLBACK);
  expect(defaultsOf({})).toEqual(FALLBACK);
});

test('methods are in the order of the table, and at least one', () => {
  const chosen = { backprop: true, auto: true, fd: false, unknown: true };
  expect(defaultsOf({ methods: chosen }).methods).toEqual(['auto', 'backprop']);
  expect(defaultsOf({ methods: { auto: false } }).methods).toEqual(['auto']);
});

test('steps are numbers above zero, each once', () => {
  expect(defaultsOf({ h: ' 1e-3, .5 1e-3\t2 0 x' }).h).toEqual([1e-3, 0.5, 2]);
  expect(defaultsOf({ h: '' }).h).toEqual([]);
  const pattern = new RegExp(schema.properties['h']!.pattern!);
  expect(['', '1e-7', '1e-3 1e-7', '.5, 2.'].every(text => pattern.test(text))).toBe(true);
  expect(['x', '-1', '1e', '1 e-3'].some(text => pattern.test(text))).toBe(false);
});

test('settings of another type are left out', () => {
  const odd = { methods: 'auto', h: [1], theme: 3, plot: 'no', reference: 'none' };
  expect(defaultsOf(odd)).toEqual({ ...FALLBACK, reference: 'none' });
});
