import type { TranslationBundle } from '@jupyterlab/translation';
import { element, uniqueId } from '../../dom';
import type { Stage } from '../bundle';
import { secondsText, sizeText } from './format';

/** A number in at most four characters. */
function shortCount(count: number): string {
  return count < 1000 ? String(count) : `${Math.round(count / 1000)}k`;
}

/** The stages of a program as tabs, in the order of compilation. */
export class Tabs {
  readonly node: HTMLElement;
  private readonly buttons: HTMLButtonElement[];
  private readonly badges: HTMLElement[];

  constructor(
    stages: readonly Stage[],
    private readonly trans: TranslationBundle,
    private readonly chosen: (stage: number) => void
  ) {
    this.badges = stages.map(() => element('span', { class: 'qgrad-ir-badge' }));
    this.buttons = stages.map((stage, index) => this.tab(stage, index));
    this.node = element(
      'div',
      { class: 'qgrad-ir-tabs', role: 'tablist', 'aria-label': trans.__('Stages') },
      this.buttons
    );
    this.node.addEventListener('keydown', event => this.move(event));
  }

  private tab(stage: Stage, index: number): HTMLButtonElement {
    const details = stage.missing
      ? this.trans.__('none')
      : `${sizeText(stage.size)} · ${secondsText(stage.seconds)}`;
    const button = element(
      'button',
      {
        type: 'button',
        role: 'tab',
        id: uniqueId('qgrad-ir-tab'),
        class: stage.missing ? 'qgrad-ir-tab qgrad-ir-missing' : 'qgrad-ir-tab'
      },
      [
        element('span', { class: 'qgrad-ir-tabTitle' }, [stage.title, this.badges[index]!]),
        element('span', { class: 'qgrad-ir-tabDetails' }, [details])
      ]
    );
    button.addEventListener('click', () => this.chosen(index));
    return button;
  }

  /** The id of a tab, for the panel that it controls. */
  idOf(stage: number): string {
    return this.buttons[stage]!.id;
  }

  /** Show which stages are on the page, and which of these has its tab selected. */
  select(current: number, shown: ReadonlySet<number>, panel: string): void {
    this.buttons.forEach((button, index) => {
      const selected = index === current;
      button.setAttribute('aria-selected', String(selected));
      button.tabIndex = selected ? 0 : -1;
      button.classList.toggle('qgrad-ir-shown', shown.has(index));
      if (selected) {
        button.setAttribute('aria-controls', panel);
      } else {
        button.removeAttribute('aria-controls');
      }
    });
  }

  /** Show how many lines of a stage are linked. */
  mark(stage: number, count: number): void {
    const badge = this.badges[stage]!;
    // Its place is kept when it is empty: tabs that moved while one looks at them would be a pest.
    badge.textContent = count ? `◆${shortCount(count)}` : '';
    badge.title = this.trans._n('%1 linked line', '%1 linked lines', count);
  }

  private move(event: KeyboardEvent): void {
    const at = this.buttons.findIndex(button => button === document.activeElement);
    const last = this.buttons.length - 1;
    const targets: Record<string, number> = {
      ArrowRight: at === last ? 0 : at + 1,
      ArrowLeft: at === 0 ? last : at - 1,
      Home: 0,
      End: last
    };
    const target = targets[event.key];
    if (target !== undefined) {
      event.preventDefault();
      this.buttons[target]!.focus();
      this.chosen(target);
    }
  }
}
