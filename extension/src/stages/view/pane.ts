import { foldAll, unfoldAll } from '@codemirror/language';
import { closeSearchPanel, openSearchPanel, searchPanelOpen } from '@codemirror/search';
import { EditorState } from '@codemirror/state';
import { EditorView } from '@codemirror/view';
import { Clipboard } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import { checkIcon, copyIcon, searchIcon } from '@jupyterlab/ui-components';
import { element, uniqueId } from '../../dom';
import { byteLength, type Content, type Stage } from '../bundle';
import { iconButton, press, rename } from './buttons';
import { foldable, pointing, readOnlyText, type Pointing } from './editor';
import { linesText, secondsText, sizeText } from './format';
import { foldIcon, pinIcon, unfoldIcon } from './icons';
import { nearest, within, type Lines } from '../links/links';
import { linkMarks, showLinked } from './marks';
import { Ruler } from './ruler';

/** What happens in a pane that others have to know. */
export interface PaneEvents extends Pointing {
  pinned(): void;
}

/** The text of one stage, with what can be done with it. */
export class Pane {
  readonly id = uniqueId('qgrad-ir-pane');
  readonly node: HTMLElement;
  private readonly details = element('span', { class: 'qgrad-ir-details' });
  private readonly body = element('div', { class: 'qgrad-ir-body' });
  private readonly ruler = new Ruler();
  private readonly tools: HTMLElement;
  private readonly pin: HTMLButtonElement;
  private view: EditorView | null = null;
  private linked: { lines: Lines; pointed: number } = { lines: [], pointed: 0 };
  private folded = false;

  constructor(
    private readonly stage: Stage,
    private readonly trans: TranslationBundle,
    private readonly events: PaneEvents
  ) {
    const title = stage.title;
    this.pin = iconButton(pinIcon, trans.__('Keep %1 beside the others', title), () =>
      events.pinned()
    );
    const fold = iconButton(foldIcon, trans.__('Fold all of %1', title), () => {
      this.folded = !this.folded;
      (this.folded ? foldAll : unfoldAll)(this.view!);
      fold.replaceChildren();
      (this.folded ? unfoldIcon : foldIcon).element({ container: fold, tag: 'span' });
      rename(
        fold,
        this.folded ? trans.__('Unfold all of %1', title) : trans.__('Fold all of %1', title)
      );
    });
    const copy = iconButton(copyIcon, trans.__('Copy %1', title), () => this.copy(copy));
    this.tools = element('span', { class: 'qgrad-ir-tools' }, [
      iconButton(searchIcon, trans.__('Search in %1', title), () => this.search()),
      fold,
      copy
    ]);
    this.node = element('div', { id: this.id, class: 'qgrad-ir-pane' }, [
      element('div', { class: 'qgrad-ir-head' }, [
        element('span', { class: 'qgrad-ir-title' }, [title]),
        this.details,
        this.tools,
        this.pin
      ]),
      this.body
    ]);
    this.tools.hidden = true;
    this.body.textContent = stage.missing
      ? trans.__('There is none: %1.', stage.missing)
      : trans.__('Unpacking…');
    this.body.classList.add('qgrad-ir-note');
  }

  get isFilled(): boolean {
    return this.view !== null;
  }

  /** Show the text, which may have been compressed and so comes later than the pane. */
  fill(content: Content): void {
    const { stage, trans } = this;
    this.view?.destroy();
    this.body.classList.remove('qgrad-ir-note');
    this.body.replaceChildren(this.ruler.node);
    this.view = new EditorView({
      state: EditorState.create({
        doc: content.text,
        extensions: [
          linkMarks,
          readOnlyText(stage.language, stage.title, trans),
          foldable(stage.language),
          pointing(this.events)
        ]
      }),
      parent: this.body
    });
    const { lines } = this.view.state.doc;
    this.details.textContent = [
      linesText(trans, lines),
      sizeText(stage.size),
      secondsText(stage.seconds)
    ].join(' · ');
    this.tools.hidden = false;
    this.tellIfCut(content);
    this.mark(this.linked.lines, this.linked.pointed);
  }

  /** A text that was too long for a notebook says so, and how to get all of it. */
  private tellIfCut(content: Content): void {
    const kept = byteLength(content.text);
    if (kept < this.stage.size && this.stage.name !== 'source') {
      const note = this.trans.__(
        'Here are the first %1 of %2. All of it: .save(folder) or .text in Python.',
        sizeText(kept),
        sizeText(this.stage.size)
      );
      this.body.before(element('p', { class: 'qgrad-ir-cut', role: 'note' }, [note]));
    }
  }

  /** Show that a pane is kept beside others, and that it belongs to a tab. */
  role(tab: string | null, pinned: boolean): void {
    this.node.setAttribute('role', tab ? 'tabpanel' : 'region');
    if (tab) {
      this.node.setAttribute('aria-labelledby', tab);
      this.node.removeAttribute('aria-label');
    } else {
      this.node.removeAttribute('aria-labelledby');
      this.node.setAttribute('aria-label', this.stage.title);
    }
    this.node.classList.toggle('qgrad-ir-current', tab !== null);
    press(this.pin, pinned);
    rename(
      this.pin,
      pinned
        ? this.trans.__('Do not keep %1 beside the others', this.stage.title)
        : this.trans.__('Keep %1 beside the others', this.stage.title)
    );
  }

  /** Show the lines that belong to the one that is pointed at. */
  mark(lines: Lines, pointed: number): void {
    this.linked = { lines, pointed };
    if (this.view) {
      showLinked(this.view, lines, pointed);
      this.ruler.show(lines, this.view.state.doc.lines);
    }
  }

  /** Scroll to a linked line, if there is one and none is seen. */
  reveal(): void {
    const { view } = this;
    const { lines } = this.linked;
    if (!view || !lines.length || !this.node.isConnected) {
      return;
    }
    const { doc } = view.state;
    const { top, bottom } = view.scrollDOM.getBoundingClientRect();
    const first = doc.lineAt(view.lineBlockAtHeight(top - view.documentTop + 4).from).number;
    const last = doc.lineAt(view.lineBlockAtHeight(bottom - view.documentTop - 24).from).number;
    if (!within(lines, first, last).length) {
      const line = Math.min(nearest(lines, first) ?? 1, doc.lines);
      const position = doc.line(line).from;
      view.dispatch({ effects: EditorView.scrollIntoView(position, { y: 'center' }) });
    }
  }

  /** The text of a line, from 1. */
  lineText(line: number): string {
    const doc = this.view?.state.doc;
    return doc && line <= doc.lines ? doc.line(line).text.trim() : '';
  }

  private search(): void {
    const view = this.view!;
    if (searchPanelOpen(view.state)) {
      closeSearchPanel(view);
      view.focus();
    } else {
      openSearchPanel(view);
    }
  }

  private copy(button: HTMLButtonElement): void {
    Clipboard.copyToSystem(this.view!.state.doc.toString());
    button.replaceChildren();
    checkIcon.element({ container: button, tag: 'span' });
    rename(button, this.trans.__('Copied %1', this.stage.title));
    setTimeout(() => {
      button.replaceChildren();
      copyIcon.element({ container: button, tag: 'span' });
      rename(button, this.trans.__('Copy %1', this.stage.title));
    }, 2000);
  }

  dispose(): void {
    this.view?.destroy();
    this.view = null;
  }
}
