import type { TranslationBundle } from '@jupyterlab/translation';
import { element } from '../../dom';
import { UnreadableBundle } from '../../wire/json';
import { contentOf, type Bundle, type Content } from '../bundle';
import { iconButton, press } from './buttons';
import { ComparisonBar } from '../diff/comparison-bar';
import { compareIcon } from './icons';
import { Linking } from '../links/linking';
import { StageLinks } from '../links/links';
import { Pane } from './pane';
import { problem } from '../problem';
import { withSnippets } from '../links/sources';
import { linkText, snippetTitle } from './status';
import { Tabs } from './tabs';

/** While the mouse moves over lines, others do not jump. */
const REVEAL_AFTER = 150; // ms

/** The stage that holds the user's own code. */
const SOURCE = 'source';

/** What is shown first, unless the settings say otherwise; the first that there is. */
const FIRST = ['program', 'jaxpr', 'stablehlo'];

/** The stages of a program: tabs, panes beside each other, links between their lines, differences. */
export class StagesView {
  readonly node: HTMLElement;
  private readonly tabs: Tabs;
  private readonly panes: Pane[];
  private readonly linking: Linking;
  private readonly main = element('div', { class: 'qgrad-ir-panes' });
  private readonly status = element('div', { class: 'qgrad-ir-status', role: 'status' });
  private readonly comparison: ComparisonBar;
  private readonly compareButton: HTMLButtonElement;
  private readonly pinned = new Set<number>();
  private readonly unpacked = new Map<number, Promise<Content>>();
  private current: number;
  private revealing: ReturnType<typeof setTimeout> | undefined;
  private disposed = false;

  constructor(
    private readonly bundle: Bundle,
    private readonly trans: TranslationBundle,
    preferred: string | null
  ) {
    const { stages } = bundle;
    this.linking = new Linking(() => this.showLinks());
    this.panes = stages.map(
      (stage, index) =>
        new Pane(stage, trans, {
          hover: line => this.linking.hover({ stage: index, line }),
          leave: () => this.linking.leave(),
          choose: line => this.linking.choose({ stage: index, line }),
          clear: () => this.linking.clear(),
          pinned: () => this.togglePin(index)
        })
    );
    this.tabs = new Tabs(stages, trans, stage => this.choose(stage));
    this.comparison = new ComparisonBar(stages, trans, stage => this.content(stage));
    this.compareButton = iconButton(compareIcon, trans.__('Compare two stages'), () =>
      this.compare(this.comparison.node.hidden)
    );
    this.current = this.firstShown(preferred);
    const source = stages.findIndex(stage => stage.name === SOURCE && !stage.missing);
    if (source >= 0 && source !== this.current) {
      this.pinned.add(source);
    }
    this.node = element(
      'section',
      { class: 'qgrad-ir-view', 'aria-label': trans.__('Stages of %1', bundle.name) },
      [
        element('div', { class: 'qgrad-ir-top' }, [
          element('span', { class: 'qgrad-ir-name' }, [trans.__('Stages of %1', bundle.name)]),
          this.compareButton
        ]),
        this.tabs.node,
        this.comparison.node,
        this.main,
        this.status
      ]
    );
    press(this.compareButton, false);
    this.arrange();
    void this.unpackAll();
  }

  private firstShown(preferred: string | null): number {
    const { stages } = this.bundle;
    for (const name of [preferred, ...FIRST]) {
      const found = stages.findIndex(stage => stage.name === name && !stage.missing);
      if (found >= 0) {
        return found;
      }
    }
    return Math.max(
      0,
      stages.findIndex(stage => !stage.missing)
    );
  }

  /** The text of a stage; with that of the source, the functions that it calls. */
  private content(stage: number): Promise<Content> {
    let found = this.unpacked.get(stage);
    if (!found) {
      const entry = this.bundle.stages[stage]!;
      found = contentOf(entry).then(content =>
        entry.name === SOURCE
          ? withSnippets(content, this.bundle.sources, snippet => snippetTitle(snippet, this.trans))
          : content
      );
      this.unpacked.set(stage, found);
    }
    return found;
  }

  /** Read all stages, one after the other, so that lines of all can be linked. */
  private async unpackAll(): Promise<void> {
    const shown = [...this.shown()];
    const others = this.bundle.stages.map((_, index) => index).filter(i => !shown.includes(i));
    for (const stage of [...shown, ...others]) {
      const entry = this.bundle.stages[stage]!;
      if (entry.missing) {
        continue;
      }
      try {
        const { lines } = await this.content(stage);
        if (this.disposed) {
          return;
        }
        this.linking.add(stage, new StageLinks(lines, entry.calls));
      } catch (error) {
        this.fail(error);
        return;
      }
    }
  }

  private fail(error: unknown): void {
    if (!(error instanceof UnreadableBundle)) {
      throw error;
    }
    this.node.replaceChildren(problem(error, this.trans));
  }

  /** The stages on the page, in the order of compilation. */
  private shown(): Set<number> {
    return new Set([...this.pinned, this.current].sort((a, b) => a - b));
  }

  private choose(stage: number): void {
    this.current = stage;
    this.compare(false);
    this.arrange();
    this.revealSoon();
  }

  private togglePin(stage: number): void {
    if (!this.pinned.delete(stage)) {
      this.pinned.add(stage);
    }
    this.arrange();
  }

  /** Put the panes that are to be seen beside each other. */
  private arrange(): void {
    const shown = this.shown();
    const nodes = [...shown].map(stage => this.panes[stage]!.node);
    // Panes that stay are not taken out, for they would lose where they are scrolled to.
    for (const child of [...this.main.children]) {
      if (!nodes.includes(child as HTMLElement)) {
        child.remove();
      }
    }
    nodes.forEach((node, index) => {
      if (this.main.children[index] !== node) {
        this.main.insertBefore(node, this.main.children[index] ?? null);
      }
    });
    this.panes.forEach((pane, stage) => {
      const tab = stage === this.current ? this.tabs.idOf(stage) : null;
      pane.role(tab, this.pinned.has(stage));
    });
    this.tabs.select(this.current, shown, this.panes[this.current]!.id);
    for (const stage of shown) {
      void this.fill(stage);
    }
  }

  private async fill(stage: number): Promise<void> {
    const pane = this.panes[stage]!;
    if (pane.isFilled || this.bundle.stages[stage]!.missing) {
      return;
    }
    try {
      const content = await this.content(stage);
      if (!this.disposed && !pane.isFilled) {
        pane.fill(content);
        this.markPane(stage);
        this.revealSoon();
      }
    } catch (error) {
      this.fail(error);
    }
  }

  private compare(on: boolean): void {
    press(this.compareButton, on);
    this.main.hidden = on;
    this.status.hidden = on;
    this.comparison.show(on, this.current);
  }

  private markPane(stage: number): void {
    const { pointed } = this.linking;
    const line = pointed?.stage === stage ? pointed.line : 0;
    this.panes[stage]!.mark(this.linking.linesOf(stage), line);
  }

  private showLinks(): void {
    const counts = this.panes.map((_, stage) => this.linking.linesOf(stage).length);
    counts.forEach((count, stage) => this.tabs.mark(stage, count));
    this.panes.forEach((pane, stage) => pane.isFilled && this.markPane(stage));
    const { pointed, places } = this.linking;
    const source = this.bundle.stages.findIndex(stage => stage.name === SOURCE);
    this.status.textContent = pointed
      ? linkText({ pointed, places, counts, source, bundle: this.bundle }, this.trans)
      : this.trans.__('Point at a line, or move the cursor to it, to see where it comes from.');
    this.revealSoon();
  }

  /** Scroll panes to what is linked in them, when they have come to rest. */
  private revealSoon(): void {
    clearTimeout(this.revealing);
    this.revealing = setTimeout(() => {
      const { pointed } = this.linking;
      for (const stage of this.shown()) {
        if (stage !== pointed?.stage) {
          this.panes[stage]!.reveal();
        }
      }
    }, REVEAL_AFTER);
  }

  dispose(): void {
    this.disposed = true;
    clearTimeout(this.revealing);
    this.panes.forEach(pane => pane.dispose());
    this.comparison.dispose();
  }
}
