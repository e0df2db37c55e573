import type { TranslationBundle } from '@jupyterlab/translation';
import { element, uniqueId } from '../../dom';
import type { Content, Stage } from '../bundle';
import { Comparing } from './comparing';

/** Which two stages are compared, and the comparison. */
export class ComparisonBar {
  readonly node: HTMLElement;
  private readonly left: HTMLSelectElement;
  private readonly right: HTMLSelectElement;
  private readonly summary = element('span', { class: 'qgrad-ir-details', role: 'status' });
  private readonly steps = element('span');
  private readonly place = element('div', { class: 'qgrad-ir-compared' });
  private comparing: Comparing | null = null;
  private wanted = 0;

  constructor(
    private readonly stages: readonly Stage[],
    private readonly trans: TranslationBundle,
    private readonly content: (stage: number) => Promise<Content>
  ) {
    this.left = this.select();
    this.right = this.select();
    this.node = element('div', { class: 'qgrad-ir-comparison', hidden: '' }, [
      element('div', { class: 'qgrad-ir-choices' }, [
        this.labelled(trans.__('Left'), this.left),
        this.labelled(trans.__('Right'), this.right),
        this.steps,
        this.summary
      ]),
      this.place
    ]);
  }

  /** Stages without a text are not offered. */
  private select(): HTMLSelectElement {
    const select = element(
      'select',
      { id: uniqueId('qgrad-ir-select') },
      this.stages.flatMap(({ title, missing }, index) =>
        missing ? [] : [element('option', { value: String(index) }, [title])]
      )
    );
    select.addEventListener('change', () => void this.update());
    return select;
  }

  private labelled(text: string, select: HTMLSelectElement): HTMLElement {
    return element('span', {}, [element('label', { for: select.id }, [text]), ' ', select]);
  }

  /** Show the comparison of a stage with the one before it, or hide it. */
  show(on: boolean, stage: number): void {
    if (on === !this.node.hidden) {
      return;
    }
    this.node.hidden = !on;
    if (on) {
      const offered = [...this.right.options].map(option => Number(option.value));
      const at = Math.max(1, offered.indexOf(stage));
      this.left.value = String(offered[at - 1]);
      this.right.value = String(offered[at] ?? offered[0]);
      void this.update();
    } else {
      this.clear();
    }
  }

  private async update(): Promise<void> {
    this.wanted += 1;
    const wanted = this.wanted;
    this.clear();
    this.summary.textContent = this.trans.__('Comparing…');
    const [left, right] = [Number(this.left.value), Number(this.right.value)];
    const [a, b] = await Promise.all([this.content(left), this.content(right)]);
    // Let the page say so before a long text keeps it busy.
    await new Promise(resolve => setTimeout(resolve));
    if (wanted !== this.wanted || this.node.hidden) {
      return; // other stages were chosen meanwhile
    }
    this.comparing = new Comparing(
      { stage: this.stages[left]!, content: a },
      { stage: this.stages[right]!, content: b },
      this.trans
    );
    this.place.replaceChildren(this.comparing.node);
    this.steps.replaceChildren(this.comparing.steps);
    this.summary.textContent = this.comparing.summary;
  }

  private clear(): void {
    this.comparing?.dispose();
    this.comparing = null;
    this.place.replaceChildren();
    this.steps.replaceChildren();
  }

  dispose(): void {
    this.clear();
  }
}
