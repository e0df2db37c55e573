import { element } from '../../dom';
import type { Lines } from '../links/links';

/** More would not be told apart. */
const MOST_TICKS = 200;

/** Where in the whole text the linked lines are, along the scroll bar. */
export class Ruler {
  readonly node = element('div', { class: 'qgrad-ir-ruler', 'aria-hidden': 'true' });

  show(lines: Lines, total: number): void {
    const ticks = new Set(lines.map(line => Math.floor(((line - 1) / total) * MOST_TICKS)));
    this.node.replaceChildren(
      ...[...ticks].map(tick => {
        const made = element('div');
        made.style.top = `${(100 * tick) / MOST_TICKS}%`;
        return made;
      })
    );
  }
}
