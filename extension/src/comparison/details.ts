import type { TranslationBundle } from '@jupyterlab/translation';
import { element, uniqueId } from '../dom';
import type { Comparison, Leaf, Row } from './bundle';
import { elements, isAccurate, nextOrder, sortedBy, type Element, type Order } from './columns';
import { dataBar, headers } from './table-parts';
import { difference } from './numbers';

/** How many elements are added to a table at a time. */
const PAGE = 100;

type ElementColumn = 'position' | 'value' | 'reference' | 'difference';

/** Everything about one row: its gradient element by element, and what was said about it. */
export function details(comparison: Comparison, row: Row, trans: TranslationBundle): HTMLElement {
  const parts = (row.gradient ?? []).map((leaf, i) => {
    const differences = row.absolute === null ? null : (row.absolute[i] ?? null);
    return leafTable(comparison, leaf, comparison.reference?.[i] ?? null, differences, trans);
  });
  const said = [...row.notes];
  if (row.perCall !== null && row.calls > 0) {
    said.push(trans._n('Per call: timed once.', 'Per call: the median of %1 calls.', row.calls));
  }
  return element(
    'div',
    { class: 'qgrad-details' },
    ...parts,
    ...said.map(words => element('p', {}, words))
  );
}

function leafTable(
  comparison: Comparison,
  leaf: Leaf,
  reference: Leaf | null,
  worst: number | null,
  trans: TranslationBundle
): HTMLElement {
  const all = elements(leaf, reference);
  const columns: [ElementColumn, string][] = [
    ['position', leaf.shape.length === 0 ? trans.__('Element') : trans.__('Index')],
    ['value', trans.__('Gradient')]
  ];
  if (reference !== null) {
    columns.push(['reference', trans.__('Reference')], ['difference', trans.__('Difference')]);
  }
  const title = element('h4', { id: uniqueId('qgrad') }, trans.__('Gradient in %1', leaf.label));
  const size = leaf.shape.length > 0 ? `${leaf.shape.join(' × ')} · ` : '';
  const note = worst === null ? '' : trans.__('largest difference %1', difference(worst));
  const body = element('tbody');
  const more = element('button', { type: 'button', class: 'qgrad-button' });
  const head = element('thead');
  let order: Order<ElementColumn> = null;
  let shown = PAGE;
  const draw = () => {
    const ordered = sortedBy(all, order, entry => order && entry[order.column]);
    head.replaceChildren(
      headers(columns, order, trans, column => {
        order = nextOrder(order, column);
        draw();
        head.querySelector<HTMLElement>(`[data-column="${column}"] button`)?.focus();
      })
    );
    body.replaceChildren(
      ...ordered.slice(0, shown).map(entry => elementRow(comparison, entry, columns, trans))
    );
    more.hidden = shown >= all.length;
    more.textContent = trans.__(
      'Show %1 more of %2 elements',
      Math.min(PAGE * 10, all.length - shown),
      all.length.toLocaleString('en-US')
    );
  };
  more.addEventListener('click', () => {
    shown += PAGE * 10;
    draw();
  });
  draw();
  return element(
    'div',
    { class: 'qgrad-leaf' },
    title,
    element('span', { class: 'qgrad-quiet' }, `${size}${note}`.replace(/ · $/, '')),
    element(
      'div',
      { class: 'qgrad-elements', role: 'region', tabindex: '0', 'aria-labelledby': title.id },
      element('table', { 'aria-labelledby': title.id }, head, body)
    ),
    more
  );
}

function elementRow(
  comparison: Comparison,
  entry: Element,
  columns: [ElementColumn, string][],
  trans: TranslationBundle
): HTMLElement {
  const cells = columns.map(([column]) => {
    if (column === 'position') {
      return element('th', { scope: 'row' }, entry.index || '·');
    }
    if (column === 'difference') {
      const accurate = isAccurate(entry, comparison.limit);
      return dataBar(entry.difference, scaleOf(comparison), accurate, trans);
    }
    const value = entry[column];
    return element('td', {}, value === null ? '—' : String(value));
  });
  return element('tr', {}, ...cells);
}

/** What bars of differences are measured by: that which the tolerance is relative to. */
export function scaleOf(comparison: Comparison): number {
  return comparison.limit === null ? 1 : comparison.limit / comparison.tolerance;
}
