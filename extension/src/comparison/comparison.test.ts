import { expect, test } from 'vitest';
import { translations } from '../translation';
import { parse, VERSION } from './bundle';
import {
  elements,
  indexOf,
  isAccurate,
  nextOrder,
  sorted,
  sortedBy,
  type Column,
  type Order
} from './columns';
import { csv } from './csv';
import { scaleOf } from './details';
import { count, difference, duration, number, size, summary } from './numbers';
import { reasons } from './remarks';
import { digits, filled } from './shading';

const trans = translations(null);

/** A bundle as Python makes it, of three rows; what is given replaces parts of it. */
function bundle(changes: object = {}, fd: object = {}): Record<string, unknown> {
  return {
    version: 1,
    call: 'loss(theta, 0.5)',
    function: 'loss',
    argnum: [0, 1],
    value: { '': 0.25 },
    labels: ['theta', 'scale'],
    rows: [
      {
        ...{ method: 'auto', h: null, label: 'auto', error: null, notes: [], accurate: true },
        gradient: {
          theta: [
            [0.5, -1],
            [2, 'Infinity']
          ],
          scale: 3
        },
        ...{ absolute: [1e-16, 0], relative: [5e-17, 0], first: 0.5, per_call: 2e-5, calls: 100 },
        ...{ executions: 1, sweeps: 3, memory: 2048, advice: null }
      },
      {
        ...{ method: 'fd', h: 1e-5, label: 'fd, h = 1e-05', error: null, accurate: false },
        gradient: {
          theta: [
            [0.6, -1],
            [2, 'NaN']
          ],
          scale: 3.01
        },
        ...{
          absolute: [0.1, 0.01],
          relative: [0.05, 'NaN'],
          first: 0.2,
          per_call: 3e-5,
          calls: 10
        },
        ...{ notes: ['=risky'], advice: 'truncation: the step is too long' },
        ...fd
      },
      {
        ...{ method: 'adjoint', h: null, label: 'adjoint', gradient: null, absolute: null },
        ...{ relative: null, error: 'no QNode, "none"', notes: [], accurate: null, memory: null }
      }
    ],
    reference: {
      theta: [
        [0.5, -1],
        [2, 'Infinity']
      ],
      scale: 3
    },
    reference_name: 'jax.grad on default.qubit',
    reference_error: null,
    shots: false,
    tolerance: 1e-6,
    best: { label: 'auto', reason: 'auto is the only one of 3 methods within 1e-06' },
    ...changes
  };
}

test('a bundle is read, with numbers that JSON has not', () => {
  const found = parse(bundle());
  const [theta, scale] = found.rows[0]!.gradient!;
  expect(theta).toEqual({ label: 'theta', shape: [2, 2], values: [0.5, -1, 2, Infinity] });
  expect(scale).toEqual({ label: 'scale', shape: [], values: [3] });
  expect(found.rows[1]!.relative).toEqual([0.05, NaN]);
  expect(found.rows[2]!.error).toBe('no QNode, "none"');
  expect(found.rows.map(row => row.calls)).toEqual([100, 10, 0]);
  expect(found.best.label).toBe('auto');
});

test('elements are judged by the limit of the bundle, and never where a difference is not finite', () => {
  const found = parse(bundle({ limit: 3e-6 }));
  expect(scaleOf(found)).toBeCloseTo(3);
  const at = (value: number, reference: number) =>
    elements(
      { label: 'x', shape: [], values: [value] },
      { label: 'x', shape: [], values: [reference] }
    )[0]!;
  const judged = (value: number, reference: number) =>
    isAccurate(at(value, reference), found.limit);
  expect([judged(1, 1 + 2e-6), judged(1, 1 + 4e-6)]).toEqual([true, false]);
  expect([judged(3162, Infinity), judged(Infinity, 1), judged(-Infinity, Infinity)]).toEqual([
    false,
    false,
    false
  ]);
  expect([judged(Infinity, Infinity), judged(NaN, NaN)]).toEqual([true, null]);
  expect([judged(NaN, 1), judged(1, NaN)]).toEqual([false, false]);
  const older = parse(bundle());
  expect([older.limit, scaleOf(older), isAccurate(at(1, 1), older.limit)]).toEqual([null, 1, null]);
});

test('what older bundles lack has the value that it always had', () => {
  const older = bundle();
  delete older['tolerance'];
  expect(parse(older).tolerance).toBe(1e-6);
});

test('empty and nested arrays keep their shape', () => {
  const gradient = { theta: [[], []], scale: [1, 2] };
  const found = parse(bundle({}, { gradient })).rows[1]!.gradient!;
  expect(found.map(leaf => leaf.shape)).toEqual([[2, 0], [2]]);
});

test.each([0, 2, 17])('another version, %d, is told apart', version => {
  const kind = version > VERSION ? 'newer' : 'older';
  expect(() => parse(bundle({ version }))).toThrow(expect.objectContaining({ kind, version }));
});

test.each([
  ['bundle', null],
  ['bundle', []],
  ['version', {}],
  ['rows', bundle({ rows: null })],
  ['rows[1].gradient', bundle({}, { gradient: null })],
  ['rows[1].gradient.scale', bundle({}, { gradient: { theta: [1] } })],
  ['rows[1].gradient.theta', bundle({}, { gradient: { theta: [[1], [1, 2]], scale: 1 } })],
  ['rows[1].gradient.theta', bundle({}, { gradient: { theta: ['x'], scale: 1 } })],
  ['rows[1].absolute', bundle({}, { absolute: [1] })],
  ['rows[1].per_call', bundle({}, { per_call: 'soon' })],
  ['best', bundle({ best: undefined })],
  ['best.reason', bundle({ best: {} })]
])('what is not of the form is refused: %s', (path, data) => {
  expect(() => parse(data)).toThrow(expect.objectContaining({ kind: 'broken', path }));
});

test('numbers are written as in Python', () => {
  expect([number(-0.38941834230865), number(44.4911605, 5), number(4, 3)]).toEqual([
    '-0.38941834',
    '44.491',
    '4.00'
  ]);
  expect([number(0, 5), number(1e-5, 3), number(123456, 3), number(99999.7, 5)]).toEqual([
    '0.0000',
    '1.00e-05',
    '1.23e+05',
    '1.0000e+05'
  ]);
  expect([number(NaN), number(-Infinity)]).toEqual(['nan', '-inf']);
  expect([difference(2.04e-8), difference(0), difference(null), difference(Infinity)]).toEqual([
    '2.0e-08',
    '0',
    '—',
    'inf'
  ]);
  expect([duration(1.53e-5), duration(0.0123), duration(2.5), duration(null)]).toEqual([
    '15.3 µs',
    '12.3 ms',
    '2.50 s',
    '—'
  ]);
  expect([duration(0.9996e-3), duration(1234)]).toEqual(['1.00 ms', '1234 s']);
  expect([count(12345), count(null)]).toEqual(['12,345', '—']);
  expect([size(80), size(16 * 2 ** 10), size(3 * 2 ** 20), size(null)]).toEqual([
    '80 B',
    '16 KiB',
    '3 MiB',
    '—'
  ]);
});

test('arrays are written in a line, or summarised', () => {
  expect(summary([0.1, -0.25], [2])).toBe('[0.10000000, -0.25000000]');
  expect(summary([0.1, -0.25, 1, 2], [2, 2])).toBe('[[0.10000, -0.25000], [1.0000, 2.0000]]');
  expect(summary([0.5], [])).toBe('0.50000000');
  const many = Array.from({ length: 12 }, (_, i) => -i / 5.5);
  const words = (text: string) => text.replaceAll('\u00a0', ' ');
  expect(words(summary(many, [3, 4]))).toBe('[3 × 4], max |g| = 2.0000');
  expect(words(summary([...many.slice(1), NaN], [12]))).toBe('[12], max |g| = nan');
});

test('a header goes from ascending to descending to the order of Python', () => {
  const orders: Order<Column>[] = [null];
  for (let i = 0; i < 3; i++) {
    orders.push(nextOrder(orders.at(-1)!, 'first'));
  }
  expect(orders.map(order => order?.direction)).toEqual([
    undefined,
    'ascending',
    'descending',
    undefined
  ]);
  expect(nextOrder({ column: 'first', direction: 'descending' }, 'memory')).toEqual({
    column: 'memory',
    direction: 'ascending'
  });
});

test('rows are sorted; those without a number stay last, failed ones behind all', () => {
  const { rows } = parse(bundle());
  const names = (column: Column, direction: 'ascending' | 'descending') =>
    sorted([...rows].reverse(), { column, direction }).map(row => row.method);
  expect(names('perCall', 'ascending')).toEqual(['auto', 'fd', 'adjoint']);
  expect(names('perCall', 'descending')).toEqual(['fd', 'auto', 'adjoint']);
  expect(names('first', 'ascending')).toEqual(['fd', 'auto', 'adjoint']);
  expect(names('memory', 'descending')).toEqual(['auto', 'fd', 'adjoint']);
  expect(names('memory', 'ascending')).toEqual(['auto', 'fd', 'adjoint']);
  expect(names('relative', 'descending')).toEqual(['fd', 'auto', 'adjoint']);
  expect(sorted(rows, null)).toEqual(rows);
});

test('labels with steps are sorted by the numbers in them', () => {
  const order = { column: 'x', direction: 'ascending' } as const;
  expect(sortedBy(['b10', 'b9', 'a'], order, word => word)).toEqual(['a', 'b9', 'b10']);
});

test('elements have an index, and the difference to the reference', () => {
  const { rows, reference } = parse(bundle());
  const found = elements(rows[1]!.gradient![0]!, reference![0]!);
  expect(found.map(entry => entry.index)).toEqual(['[0, 0]', '[0, 1]', '[1, 0]', '[1, 1]']);
  expect(found[0]!.difference).toBeCloseTo(0.1);
  expect(found[1]!.difference).toBe(0);
  expect(found[3]!.difference).toBeNaN();
  expect(elements(reference![0]!, reference![0]!)[3]!.difference).toBe(0);
  expect(elements(rows[0]!.gradient![1]!, null)[0]!.difference).toBeNull();
  expect(indexOf(5, [2, 3, 4])).toBe('[0, 1, 1]');
  expect(indexOf(0, [])).toBe('');
});

test('bars fill by powers of ten', () => {
  expect([filled(0, 1), filled(1e-17, 1), filled(1e-8, 1), filled(5, 1), filled(NaN, 1)]).toEqual([
    0, 0, 0.5, 1, 1
  ]);
  expect(filled(1e-6, 100)).toBeCloseTo(0.5);
  expect([digits(0, 1), digits(1e-8, 1), digits(3e-8, 1), digits(2, 1)]).toEqual([16, 8, 7, 0]);
});

test('every reason is said once, with all rows that it is about', () => {
  const data = bundle();
  const rows = data['rows'] as object[];
  const twice = parse({ ...data, rows: [...rows, { ...rows[1], label: 'fd, h = 0.1' }] });
  expect([...reasons(twice.rows)]).toEqual([
    ['Truncation: the step is too long.', ['fd, h = 1e-05', 'fd, h = 0.1']]
  ]);
});

test('CSV has a column for each element, and quotes what needs it', () => {
  const lines = csv(parse(bundle())).split('\r\n');
  expect(lines[0]).toBe(
    'method,h,difference,relative difference,accurate,first,per call,executions,sweeps,memory,error,' +
      '"gradient in theta[0, 0]","gradient in theta[0, 1]","gradient in theta[1, 0]",' +
      '"gradient in theta[1, 1]",gradient in scale'
  );
  expect(lines[1]).toBe('auto,,1e-16,5e-17,true,0.5,0.00002,1,3,2048,,0.5,-1,2,Infinity,3');
  expect(lines[2]).toBe('fd,0.00001,0.1,NaN,false,0.2,0.00003,,,,,0.6,-1,2,NaN,3.01');
  expect(lines[3]).toBe('adjoint,,,,,,,,,,"no QNode, ""none""",,,,,');
  expect(lines[4]).toBe('jax.grad on default.qubit,,,,,,,,,,,0.5,-1,2,Infinity,3');
  expect(lines[5]).toBe('');
});

test('CSV of long gradients has a cell for each leaf; formulas are marked as text', () => {
  const long = Array.from({ length: 500 }, (_, i) => i);
  const gradient = { theta: long, scale: 'NaN' };
  const rows = [{ ...(bundle()['rows'] as object[])[0], gradient, method: '=1+1' }];
  const [head, line] = csv(parse(bundle({ rows, reference: null }))).split('\r\n');
  expect(head!.endsWith('gradient in theta,gradient in scale')).toBe(true);
  expect(line!.startsWith("'=1+1,,")).toBe(true);
  expect(line!.endsWith(`,"${JSON.stringify(long)}","[""NaN""]"`)).toBe(true);
});

test('translated strings have their numbers', () => {
  expect(trans._n('%1 call', '%1 calls', 3)).toBe('3 calls');
  expect(trans._n('✗ %2 is off. %3', '✗ %2 are off. %3', 2, 'a and b', 'Why.')).toBe(
    '✗ a and b are off. Why.'
  );
  expect(trans.__('%pip install')).toBe('%pip install');
});
