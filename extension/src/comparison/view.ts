import type { TranslationBundle } from '@jupyterlab/translation';
import { element, uniqueId } from '../dom';
import type { Comparison, Row } from './bundle';
import { largest, nextOrder, sorted, type Column, type Order } from './columns';
import { csv } from './csv';
import { details, scaleOf } from './details';
import { count, difference, duration, number, size, summary } from './numbers';
import { remarks } from './remarks';
import { dataBar, headers } from './table-parts';

/** Letters of a call that is shown whole. */
const LONGEST_CALL = 88;

/** The table of a comparison. */
export class ComparisonView {
  readonly node = element('div', { class: 'qgrad-comparison' });
  private readonly head = element('thead');
  private readonly body = element('tbody');
  private readonly all: HTMLButtonElement;
  private readonly status = element('span', { class: 'qgrad-quiet', role: 'status' });
  private readonly open = new Set<Row>();
  private readonly scale: number;
  private readonly slowest: number;
  private order: Order<Column> = null;

  constructor(
    private readonly comparison: Comparison,
    private readonly trans: TranslationBundle,
    private readonly copyText: (text: string) => Promise<void>
  ) {
    this.scale = scaleOf(comparison);
    this.slowest = Math.max(0, ...comparison.rows.map(row => row.perCall ?? 0));
    this.all = element('button', {
      type: 'button',
      class: 'qgrad-button',
      onclick: () => this.toggleAll()
    });
    const copy = element(
      'button',
      {
        type: 'button',
        class: 'qgrad-button',
        title: trans.__('Copy all numbers, for a spreadsheet'),
        onclick: () => void this.copy()
      },
      trans.__('Copy as CSV')
    );
    const caption = element('caption', {}, headline(comparison));
    this.node.append(
      element(
        'div',
        { class: 'qgrad-scroll' },
        element('table', {}, caption, this.head, this.body)
      ),
      element('div', { class: 'qgrad-tools' }, this.all, copy, this.status),
      remarks(comparison, trans)
    );
    this.draw();
  }

  private get openable(): Row[] {
    return this.comparison.rows.filter(row => row.gradient !== null);
  }

  private draw(): void {
    const { trans } = this;
    const labels = this.comparison.labels;
    const columns: [Column | 'gradient', string, boolean?][] = [
      ['method', trans.__('Method')],
      [
        'gradient',
        labels.length === 1 ? trans.__('Gradient in %1', labels[0]) : trans.__('Gradient'),
        true
      ],
      ['difference', trans.__('Difference')],
      ['relative', trans.__('Relative')],
      ['first', trans.__('First result')],
      ['perCall', trans.__('Per call')],
      ['executions', trans.__('Circuits')],
      ['sweeps', trans.__('Sweeps')],
      ['memory', trans.__('Memory')]
    ];
    this.head.replaceChildren(
      headers<Column | 'gradient'>(columns, this.order, trans, column => {
        if (column !== 'gradient') {
          this.order = nextOrder(this.order, column);
          this.draw();
          this.head.querySelector<HTMLElement>(`[data-column="${column}"] button`)?.focus();
        }
      })
    );
    this.body.replaceChildren(
      ...sorted(this.comparison.rows, this.order).flatMap(row => this.rows(row, columns.length))
    );
    const everything = this.open.size === this.openable.length && this.open.size > 0;
    this.all.hidden = this.openable.length === 0;
    this.all.textContent = everything ? trans.__('Collapse all') : trans.__('Expand all');
  }

  /** A row, and the one below it that has its details. */
  private rows(row: Row, columns: number): HTMLElement[] {
    if (row.gradient === null) {
      return [this.failed(row, columns)];
    }
    const open = this.open.has(row);
    const below = element(
      'tr',
      { id: uniqueId('qgrad'), class: 'qgrad-below', hidden: !open },
      element(
        'td',
        { colspan: String(columns) },
        open ? details(this.comparison, row, this.trans) : null
      )
    );
    const toggle = element(
      'button',
      {
        type: 'button',
        class: 'qgrad-toggle',
        'aria-expanded': String(open),
        'aria-controls': below.id,
        title: this.trans.__('All elements of the gradient'),
        onclick: () => this.toggle(row)
      },
      element('span', { class: 'qgrad-arrow', 'aria-hidden': 'true' }, open ? '▾' : '▸'),
      row.label
    );
    const named = this.comparison.labels.length > 1;
    const lines = row.gradient.map(leaf =>
      element('div', {}, (named ? `${leaf.label}: ` : '') + summary(leaf.values, leaf.shape))
    );
    const main = element(
      'tr',
      { class: open ? 'qgrad-open' : null },
      element('th', { scope: 'row' }, toggle, this.badge(row)),
      element('td', { class: 'qgrad-gradient' }, ...lines),
      dataBar(largest(row.absolute), this.scale, row.accurate, this.trans),
      element('td', {}, difference(largest(row.relative))),
      element('td', {}, duration(row.first)),
      this.timeBar(row),
      element('td', {}, count(row.executions)),
      element('td', {}, count(row.sweeps)),
      element('td', {}, size(row.memory))
    );
    return [main, below];
  }

  private failed(row: Row, columns: number): HTMLElement {
    return element(
      'tr',
      { class: 'qgrad-failed' },
      element('th', { scope: 'row' }, element('span', { class: 'qgrad-method' }, row.label)),
      element(
        'td',
        { colspan: String(columns - 1), class: 'qgrad-reason' },
        element('strong', {}, this.trans.__('✗ Failed:')),
        ` ${row.error}`
      )
    );
  }

  private badge(row: Row): HTMLElement | null {
    const { rows, best } = this.comparison;
    if (rows.length < 2 || row.label !== best.label) {
      return null;
    }
    return element('span', { class: 'qgrad-badge', title: best.reason }, this.trans.__('★ best'));
  }

  /** The time, with a bar beside that of the slowest. */
  private timeBar(row: Row): HTMLElement {
    const made = element('td', { class: 'qgrad-bar' }, duration(row.perCall));
    const part = row.perCall === null || this.slowest === 0 ? 0 : row.perCall / this.slowest;
    made.style.setProperty('--qgrad-filled', `${(100 * part).toFixed(1)}%`);
    return made;
  }

  private toggle(row: Row): void {
    if (!this.open.delete(row)) {
      this.open.add(row);
    }
    this.draw();
    const position = this.openable.length === 0 ? -1 : this.shownToggles().indexOf(row);
    this.body.querySelectorAll<HTMLElement>('.qgrad-toggle')[position]?.focus();
  }

  private shownToggles(): Row[] {
    return sorted(this.comparison.rows, this.order).filter(row => row.gradient !== null);
  }

  private toggleAll(): void {
    const everything = this.open.size === this.openable.length;
    this.open.clear();
    if (!everything) {
      this.openable.forEach(row => this.open.add(row));
    }
    this.draw();
  }

  private async copy(): Promise<void> {
    try {
      await this.copyText(csv(this.comparison));
      this.status.textContent = this.trans.__('✓ Copied');
    } catch (reason) {
      this.status.textContent = this.trans.__('✗ Not copied: %1', String(reason));
    }
  }
}

/** The call, and its value where it is one number. */
export function headline(comparison: Comparison): string {
  let { call } = comparison;
  if (call.length > LONGEST_CALL) {
    call = `${call.slice(0, LONGEST_CALL - 1)}…`;
  }
  const [value] = comparison.value;
  return value === undefined ? call : `${call}${value[0]} = ${number(value[1])}`;
}
