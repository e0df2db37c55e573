import type { TranslationBundle } from '@jupyterlab/translation';
import { element } from '../dom';
import type { Comparison, Row } from './bundle';

/** What is said below the table. */
export function remarks(comparison: Comparison, trans: TranslationBundle): HTMLElement {
  const { rows, best, reference, referenceName, referenceError } = comparison;
  const said: HTMLElement[] = [];
  if (best.label !== null && rows.length > 1) {
    said.push(element('p', { class: 'qgrad-best' }, trans.__('★ Best: %1.', best.reason)));
  }
  for (const row of rows) {
    said.push(...row.notes.map(note => element('p', {}, `${row.label}: ${note}`)));
  }
  for (const [why, labels] of reasons(rows.filter(row => row.accurate !== null))) {
    const names = labels.join(trans.__(' and '));
    const words = trans._n('✗ %2 is off. %3', '✗ %2 are off. %3', labels.length, names, why);
    said.push(element('p', { class: 'qgrad-advice' }, words));
  }
  for (const [why, labels] of reasons(rows.filter(row => row.accurate === null))) {
    const words = trans.__('? %1 cannot be checked. %2', labels.join(trans.__(' and ')), why);
    said.push(element('p', { class: 'qgrad-advice' }, words));
  }
  for (const remark of [comparison.infinityRemark, comparison.precisionRemark]) {
    if (remark !== null) {
      said.push(element('p', {}, remark));
    }
  }
  if (reference !== null) {
    const words = trans.__(
      'Difference: the largest from %1, over all elements; relative to its largest finite one. Its bar is empty at 1e-16 and full at 1; ✓ is within %2 of the largest finite element, ✗ is not. Per call: value and gradient together.',
      referenceName,
      comparison.tolerance.toExponential().replace(/e-(\d)$/, 'e-0$1')
    );
    said.push(element('p', { class: 'qgrad-quiet' }, words));
  } else if (referenceError !== null) {
    const reason = referenceError.replace(/\.$/, '');
    said.push(element('p', {}, trans.__('No reference by %1: %2.', referenceName, reason)));
  }
  return element('div', { class: 'qgrad-remarks' }, ...said);
}

/** The advice of rows, each reason once, with the labels of the rows that it is about. */
export function reasons(rows: readonly Row[]): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const row of rows) {
    if (row.advice !== null && row.advice !== '') {
      const why = sentence(row.advice);
      found.set(why, [...(found.get(why) ?? []), row.label]);
    }
  }
  return found;
}

function sentence(words: string): string {
  const whole = words.charAt(0).toUpperCase() + words.slice(1);
  return /[.?!]$/.test(whole) ? whole : `${whole}.`;
}
