import type { TranslationBundle } from '@jupyterlab/translation';
import { element } from '../dom';
import type { Order } from './columns';
import { difference } from './numbers';
import { digits, filled } from './shading';

/** A row of headers; those of columns that can be sorted by are buttons. */
export function headers<C extends string>(
  columns: readonly (readonly [C, string, boolean?])[],
  order: Order<C>,
  trans: TranslationBundle,
  sort: (column: C) => void
): HTMLElement {
  const cells = columns.map(([column, title, fixed]) => {
    if (fixed) {
      return element('th', { scope: 'col' }, title);
    }
    const direction = order?.column === column ? order.direction : 'none';
    const sign = { ascending: '▲', descending: '▼', none: '↕' }[direction];
    return element(
      'th',
      { scope: 'col', 'aria-sort': direction, 'data-column': column },
      element(
        'button',
        {
          type: 'button',
          class: 'qgrad-sort',
          title: trans.__('Sort by %1', title),
          onclick: () => sort(column)
        },
        title,
        element('span', { class: 'qgrad-sort-sign', 'aria-hidden': 'true' }, sign)
      )
    );
  });
  return element('tr', {}, ...cells);
}

/** A cell with a difference: as a number, with a mark, and as a bar behind both. */
export function dataBar(
  value: number | null,
  scale: number,
  accurate: boolean | null,
  trans: TranslationBundle
): HTMLElement {
  if (value === null) {
    return element('td', {}, '—');
  }
  const kind = accurate === null ? '' : accurate ? ' qgrad-near' : ' qgrad-off';
  const right = digits(value, scale);
  const cell = element(
    'td',
    {
      class: `qgrad-bar${kind}`,
      title: trans._n('About 1 digit is right', 'About %1 digits are right', right)
    },
    accurate === null
      ? null
      : element(
          'span',
          {
            class: 'qgrad-mark',
            role: 'img',
            'aria-label': accurate ? trans.__('accurate') : trans.__('off')
          },
          accurate ? '✓' : '✗'
        ),
    difference(value)
  );
  cell.style.setProperty('--qgrad-filled', `${(100 * filled(value, scale)).toFixed(1)}%`);
  return cell;
}
