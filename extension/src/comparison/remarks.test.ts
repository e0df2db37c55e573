// @vitest-environment jsdom

import { expect, test } from 'vitest';
import { translations } from '../translation';
import { parse } from './bundle';
import { remarks } from './remarks';

const row = { h: null, gradient: { x: 'NaN' }, absolute: ['NaN'], relative: ['NaN'], error: null };

test('what cannot be checked is said as such, and what infinities mean', () => {
  const advice = 'both are NaN in x';
  const data = {
    version: 1,
    call: 'f(x)',
    labels: ['x'],
    rows: [
      { ...row, method: 'auto', label: 'auto', accurate: null, advice },
      { ...row, method: 'fd', label: 'fd', accurate: null, advice },
      { ...row, method: 'adjoint', label: 'adjoint', accurate: false, advice: 'no good' }
    ],
    reference: { x: 'NaN' },
    reference_name: 'jax.grad',
    infinity_remark: 'Infinite.',
    precision_remark: 'float32.',
    best: { label: null, reason: 'none' }
  };
  const lines = [...remarks(parse(data), translations(null)).children].map(
    line => line.textContent
  );
  expect(lines.slice(0, 4)).toEqual([
    '✗ adjoint is off. No good.',
    '? auto and fd cannot be checked. Both are NaN in x.',
    'Infinite.',
    'float32.'
  ]);
});
