import { expect, test } from 'vitest';
import type { Answer } from '../kernel/ask';
import { FALLBACK } from '../settings/defaults';
import { call, closeExpression, fields, openCode } from './call';
import { listing, type Argument, type KernelFunction } from './listing';

const good = (text: string): Answer => ({ ok: true, text });
const bad = (name: string, message: string): Answer => ({ ok: false, name, message });
const VERSION = good("'0.0.3'");

function argument(name: string, changes: Partial<Argument> = {}): Argument {
  return { name, kind: 'positional or keyword', default: null, defined: false, ...changes };
}

function kernelFunction(...args: Argument[]): KernelFunction {
  return { name: 'f', signature: '(...)', kind: 'function', summary: null, arguments: args };
}

function repr(data: unknown): Answer {
  return good(`'${JSON.stringify(data).replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`);
}

test('a list of functions is read', () => {
  const f = { ...kernelFunction(argument('x')), summary: 'It\'s "µ".' };
  const functions = repr({ protocol: 1, version: '0.1.0', functions: [f] });
  expect(listing({ functions, version: VERSION })).toEqual({
    kind: 'functions',
    version: '0.1.0',
    functions: [f]
  });
});

test.each([
  ['missing', bad('ModuleNotFoundError', "No module named 'qgrad_lab'")],
  ['too-old', bad('ModuleNotFoundError', "No module named 'qgrad_lab.workbench'")],
  [
    'too-old',
    bad('AttributeError', "module 'qgrad_lab.workbench' has no attribute 'list_functions'")
  ],
  ['too-old', good('None')],
  ['too-old', good("'not json'")],
  ['too-old', repr({ functions: [] })],
  ['too-old', repr({ protocol: 1, functions: [{ name: 'f' }] })],
  ['too-old', repr({ protocol: 1, functions: [kernelFunction({} as Argument)] })],
  ['too-new', repr({ protocol: 2, version: '3.0', functions: [] })],
  ['failed', bad('ModuleNotFoundError', "No module named 'jax'")],
  ['failed', bad('ImportError', 'libqgrad_lab.so')]
])('what is no list is told apart: %s', (kind, functions) => {
  const found = listing({ functions, version: VERSION });
  expect(found.kind).toBe(kind);
  if (found.kind === 'too-old') {
    expect(found.version).toBe('0.0.3');
  }
});

test('the version may not be known', () => {
  const functions = bad('AttributeError', 'list_functions');
  const version = bad('PackageNotFoundError', 'qgrad-lab');
  expect(listing({ functions, version })).toEqual({ kind: 'too-old', version: null });
});

test('fields begin with variables of the same name', () => {
  const f = kernelFunction(
    argument('theta', { defined: true }),
    argument('layers', { default: '2', defined: true }),
    argument('rest', { kind: 'variadic positional' }),
    argument('options', { kind: 'variadic keyword' })
  );
  expect(fields(f).map(({ label, required, value }) => [label, required, value])).toEqual([
    ['theta', true, 'theta'],
    ['layers', false, ''],
    ['*rest', false, ''],
    ['**options', false, '']
  ]);
  expect(fields(f)[1]!.placeholder).toBe('2');
  expect(fields({ ...f, arguments: null })).toHaveLength(1);
});

/** The arguments that a call has with these values. */
function written(f: KernelFunction, values: Record<string, string>): string {
  const found = call(f, new Map(Object.entries(values)));
  return found.ok ? found.text : `missing ${found.missing}`;
}

test('a call has what is in the fields', () => {
  const f = kernelFunction(
    argument('x'),
    argument('y', { default: '1' }),
    argument('z', { default: '2' }),
    argument('w', { default: '3', kind: 'keyword-only' })
  );
  expect(written(f, { x: ' theta ', y: '' })).toBe('theta');
  expect(written(f, { x: '1', y: '2', w: '4' })).toBe('1, 2, w=4');
  expect(written(f, { x: '1', z: '5' })).toBe('1, z=5');
  expect(written(f, { x: '1, 2' })).toBe('(1, 2)');
  expect(written(f, { y: '2' })).toBe('missing x');
});

test('a call of arguments without names, and of any number', () => {
  const many = kernelFunction(
    argument('x'),
    argument('y', { default: '1' }),
    argument('rest', { kind: 'variadic positional' }),
    argument('k', { kind: 'keyword-only' }),
    argument('options', { kind: 'variadic keyword' })
  );
  expect(written(many, { x: '1', y: '2', rest: '3, 4,', k: '5', options: 'a=6' })).toBe(
    '1, 2, 3, 4, k=5, a=6'
  );
  expect(written(many, { x: '1', rest: '3', k: '5' })).toBe('missing y');
  expect(written(many, { x: '1' })).toBe('missing k');
  const only = { kind: 'positional-only', default: '0' } as const;
  const f = kernelFunction(argument('a', only), argument('b', only));
  expect(written(f, { b: '1' })).toBe('missing a');
  expect(written(f, { a: '2', b: '1' })).toBe('2, 1');
  expect(written({ ...f, arguments: null }, { '': '1, n=2' })).toBe('1, n=2');
});

test('the code that opens a workbench', () => {
  expect(openCode('p1', 'loss', 'theta, "a\\n"', FALLBACK)).toBe(
    '__import__("qgrad_lab.workbench.panel", fromlist=["open_workbench"]).open_workbench(' +
      '"p1", "loss", "theta, \\"a\\\\n\\"", methods=["auto", "fd"], h=None, reference="jax", ' +
      'theme="auto")'
  );
  const other = { ...FALLBACK, methods: ['auto'], h: [1e-3], reference: 'none', theme: 'dark' };
  expect(openCode('p1', 'f', '', other)).toContain(
    'methods=["auto"], h=None, reference=None, theme="dark")'
  );
  expect(openCode('p1', 'f', '', { ...other, methods: ['fd'] })).toContain('h=1e-3');
  expect(closeExpression('p1')).toContain('.close_workbench("p1")');
});
