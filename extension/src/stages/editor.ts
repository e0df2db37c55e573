import { standardKeymap } from '@codemirror/commands';
import { codeFolding, foldGutter, foldKeymap, foldService } from '@codemirror/language';
import { search, searchKeymap } from '@codemirror/search';
import { EditorState, Text, type Extension } from '@codemirror/state';
import { EditorView, keymap, lineNumbers } from '@codemirror/view';
import type { TranslationBundle } from '@jupyterlab/translation';
import { foldEnds, type Blocks, type FoldEnds } from './folds';
import { highlighting } from './highlighting';
import { modeOf } from './languages';

/** What a text is shown with, also where two are compared. */
export function readOnlyText(language: string, label: string, trans: TranslationBundle): Extension {
  const mode = modeOf(language);
  return [
    EditorState.readOnly.of(true),
    EditorView.contentAttributes.of({ 'aria-label': label, 'aria-readonly': 'true' }),
    EditorState.phrases.of(phrases(trans)),
    lineNumbers(),
    highlighting,
    mode.language ?? [],
    search({ top: true }),
    keymap.of([...searchKeymap, ...foldKeymap, ...standardKeymap])
  ];
}

/** Blocks of the text can be folded. */
export function foldable(language: string): Extension {
  const { blocks } = modeOf(language);
  return [
    codeFolding({ placeholderText: '…' }),
    foldGutter({ openText: '▾', closedText: '▸' }),
    foldService.of((state, from) => {
      const line = state.doc.lineAt(from);
      const end = foldEndsOf(state.doc, blocks)[line.number - 1] ?? 0;
      return end ? { from: line.to, to: state.doc.line(end + 1).to } : null;
    })
  ];
}

const known = new WeakMap<Text, FoldEnds>();

function foldEndsOf(doc: Text, blocks: Blocks): FoldEnds {
  let ends = known.get(doc);
  if (!ends) {
    ends = foldEnds([...doc.iterLines()], blocks);
    known.set(doc, ends);
  }
  return ends;
}

/** Where a person points, by mouse and by cursor; lines from 1. */
export interface Pointing {
  hover(line: number): void;
  leave(): void;
  choose(line: number): void;
  clear(): void;
}

export function pointing(told: Pointing): Extension {
  let last = 0;
  return [
    EditorView.domEventHandlers({
      mousemove: (event, view) => {
        const block = view.lineBlockAtHeight(event.clientY - view.documentTop);
        const line = view.state.doc.lineAt(block.from).number;
        if (line !== last) {
          last = line;
          told.hover(line);
        }
      },
      mouseleave: () => {
        last = 0;
        told.leave();
      },
      keydown: event => {
        if (event.key === 'Escape') {
          told.clear();
        }
      }
    }),
    EditorView.updateListener.of(update => {
      if (update.transactions.some(transaction => transaction.isUserEvent('select'))) {
        told.choose(update.state.doc.lineAt(update.state.selection.main.head).number);
      }
    })
  ];
}

/** The words of CodeMirror's own panels. */
function phrases(trans: TranslationBundle): Record<string, string> {
  return {
    Find: trans.__('Find'),
    Replace: trans.__('Replace'),
    next: trans.__('next'),
    previous: trans.__('previous'),
    all: trans.__('all'),
    'match case': trans.__('match case'),
    regexp: trans.__('regular expression'),
    'by word': trans.__('by word'),
    close: trans.__('close'),
    'current match': trans.__('current match'),
    'on line': trans.__('on line'),
    'Folded lines': trans.__('Folded lines'),
    'Unfolded lines': trans.__('Unfolded lines'),
    'Fold line': trans.__('Fold line'),
    'Unfold line': trans.__('Unfold line'),
    'folded code': trans.__('folded code'),
    unfold: trans.__('unfold'),
    '$ unchanged lines': trans.__('$ unchanged lines')
  };
}
