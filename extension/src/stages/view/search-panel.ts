import { SearchQuery, closeSearchPanel, search, setSearchQuery } from '@codemirror/search';
import { Prec, type Extension, type Text } from '@codemirror/state';
import { EditorView, keymap, type Panel } from '@codemirror/view';
import type { TranslationBundle } from '@jupyterlab/translation';
import { caretDownIcon, caretUpIcon, closeIcon } from '@jupyterlab/ui-components';
import { element } from '../../dom';
import { iconButton } from './buttons';
import { Finder } from './finding';

/** More are not counted. */
const MOST = 9999;

const finders = new WeakMap<Text, Finder>();

function finderOf(doc: Text): Finder {
  let finder = finders.get(doc);
  if (!finder) {
    finder = new Finder(doc.toString());
    finders.set(doc, finder);
  }
  return finder;
}

/** Search in a text of any length, with the number of matches. */
export function searching(trans: TranslationBundle): Extension {
  let panel: SearchPanel | null = null;
  const go = (forward: boolean) => () => {
    panel?.go(forward);
    return panel !== null;
  };
  return [
    search({ top: true, createPanel: view => (panel = new SearchPanel(view, trans)) }),
    Prec.high(
      keymap.of([
        { key: 'F3', run: go(true), shift: go(false), preventDefault: true },
        { key: 'Mod-g', run: go(true), shift: go(false), preventDefault: true }
      ])
    )
  ];
}

class SearchPanel implements Panel {
  readonly dom: HTMLElement;
  readonly top = true;
  private readonly field: HTMLInputElement;
  private readonly matchCase = element('input', { type: 'checkbox' });
  private readonly found = element('span', { class: 'qgrad-ir-found', role: 'status' });

  constructor(
    private readonly view: EditorView,
    private readonly trans: TranslationBundle
  ) {
    this.field = element('input', {
      type: 'text',
      class: 'cm-textfield',
      'aria-label': trans.__('Find'),
      placeholder: trans.__('Find'),
      // The library puts the focus on it.
      'main-field': 'true'
    });
    const selected = view.state.sliceDoc(
      view.state.selection.main.from,
      Math.min(view.state.selection.main.to, view.state.selection.main.from + 100)
    );
    this.field.value = selected.includes('\n') ? '' : selected;
    this.field.addEventListener('input', () => this.begin());
    this.matchCase.addEventListener('change', () => this.begin());
    this.dom = element('div', { class: 'qgrad-ir-search' }, [
      this.field,
      iconButton(caretUpIcon, trans.__('Previous match'), () => this.go(false)),
      iconButton(caretDownIcon, trans.__('Next match'), () => this.go(true)),
      element('label', {}, [this.matchCase, ' ', trans.__('Match case')]),
      this.found,
      iconButton(closeIcon, trans.__('Close the search'), () => this.close())
    ]);
    this.dom.addEventListener('keydown', event => this.pressed(event));
  }

  mount(): void {
    this.field.select();
    if (this.field.value) {
      this.tell();
    }
  }

  private pressed(event: KeyboardEvent): void {
    if (event.key === 'Enter' && event.target === this.field) {
      event.preventDefault();
      this.go(!event.shiftKey);
    } else if (event.key === 'Escape') {
      event.preventDefault();
      event.stopPropagation();
      this.close();
    }
  }

  /** What is looked for has changed: show the first of it from the cursor on. */
  private begin(): void {
    const query = new SearchQuery({
      search: this.field.value,
      caseSensitive: this.matchCase.checked,
      literal: true
    });
    this.view.dispatch({ effects: setSearchQuery.of(query) });
    if (this.field.value) {
      const { doc, selection } = this.view.state;
      this.select(
        finderOf(doc).next(this.field.value, selection.main.from, this.matchCase.checked)
      );
    }
    this.tell();
  }

  /** To the next match or the one before. */
  go(forward: boolean): void {
    const { doc, selection } = this.view.state;
    const { value } = this.field;
    if (value) {
      const { from, to } = selection.main;
      const finder = finderOf(doc);
      this.select(
        forward
          ? finder.next(value, to, this.matchCase.checked)
          : finder.previous(value, from, this.matchCase.checked)
      );
      this.tell();
    }
  }

  private select(at: number): void {
    if (at >= 0) {
      this.view.dispatch({
        selection: { anchor: at, head: at + this.field.value.length },
        effects: EditorView.scrollIntoView(at, { y: 'center' }),
        userEvent: 'select.search'
      });
    }
  }

  private tell(): void {
    const { doc, selection } = this.view.state;
    const { value } = this.field;
    const [total, number] = value
      ? finderOf(doc).count(value, selection.main.from, this.matchCase.checked, MOST)
      : [0, 0];
    const all = total === MOST ? `${total}+` : String(total);
    if (!value) {
      this.found.textContent = '';
    } else if (number) {
      this.found.textContent = this.trans.__('%1 of %2', number, all);
    } else {
      this.found.textContent = total ? all : this.trans.__('no match');
    }
  }

  private close(): void {
    closeSearchPanel(this.view);
    this.view.focus();
  }
}
