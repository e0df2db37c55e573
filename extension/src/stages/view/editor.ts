import { standardKeymap } from '@codemirror/commands';
import { codeFolding, foldGutter, foldKeymap, foldService } from '@codemirror/language';
import { searchKeymap } from '@codemirror/search';
import { EditorState, Text, type Extension } from '@codemirror/state';
import { EditorView, ViewPlugin, keymap, lineNumbers } from '@codemirror/view';
import type { TranslationBundle } from '@jupyterlab/translation';
import { foldEnds, type Blocks, type FoldEnds } from './folds';
import { highlighting } from './highlighting';
import { modeOf } from '../languages';
import { searching } from './search-panel';

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
    searching(trans),
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
  return [
    // Of the whole line, with its number and the empty space behind it.
    ViewPlugin.define(view => {
      let last = 0;
      const moved = (event: MouseEvent) => {
        const block = view.lineBlockAtHeight(event.clientY - view.documentTop);
        const line = view.state.doc.lineAt(block.from).number;
        if (line !== last) {
          last = line;
          told.hover(line);
        }
      };
      const left = () => {
        last = 0;
        told.leave();
      };
      view.scrollDOM.addEventListener('mousemove', moved);
      view.scrollDOM.addEventListener('mouseleave', left);
      return {
        destroy: () => {
          view.scrollDOM.removeEventListener('mousemove', moved);
          view.scrollDOM.removeEventListener('mouseleave', left);
        }
      };
    }),
    EditorView.domEventHandlers({
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
    'Folded lines': trans.__('Folded lines'),
    'Unfolded lines': trans.__('Unfolded lines'),
    'Fold line': trans.__('Fold line'),
    'Unfold line': trans.__('Unfold line'),
    'folded code': trans.__('folded code'),
    unfold: trans.__('unfold'),
    '$ unchanged lines': trans.__('$ unchanged lines')
  };
}
