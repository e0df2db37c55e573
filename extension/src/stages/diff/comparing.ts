import {
  Change,
  MergeView,
  getChunks,
  goToNextChunk,
  goToPreviousChunk,
  presentableDiff
} from '@codemirror/merge';
import type { EditorState } from '@codemirror/state';
import { EditorView, GutterMarker, gutter } from '@codemirror/view';
import type { TranslationBundle } from '@jupyterlab/translation';
import { caretDownIcon, caretUpIcon } from '@jupyterlab/ui-components';
import { element } from '../../dom';
import type { Content, Stage } from '../bundle';
import { iconButton } from '../view/buttons';
import { diffLines, type LineChange } from './diff';
import { readOnlyText } from '../view/editor';

/** Changed parts that are longer are not compared letter by letter. */
const MOST_LETTERS = 4000;

interface Side {
  stage: Stage;
  content: Content;
}

/** Two stages side by side, with their differences. */
export class Comparing {
  readonly node = element('div', { class: 'qgrad-ir-merge' });
  /** Buttons that go from difference to difference. */
  readonly steps: HTMLElement;
  readonly summary: string;
  private readonly merge: MergeView;

  constructor(a: Side, b: Side, trans: TranslationBundle) {
    const [linesA, linesB] = [a.content.text.split('\n'), b.content.text.split('\n')];
    const changes = diffLines(linesA, linesB);
    const removed = changes.reduce((sum, change) => sum + change.toA - change.fromA, 0);
    const added = changes.reduce((sum, change) => sum + change.toB - change.fromB, 0);
    this.summary = changes.length
      ? trans.__(
          '%1, %2',
          trans._n('%1 line only on the left', '%1 lines only on the left', removed),
          trans._n('%1 line only on the right', '%1 lines only on the right', added)
        )
      : trans.__('The two are the same');
    this.merge = new MergeView({
      a: configuration(a, '−', trans.__('Left: %1', a.stage.title), trans),
      b: configuration(b, '+', trans.__('Right: %1', b.stage.title), trans),
      parent: this.node,
      collapseUnchanged: { margin: 3, minSize: 8 },
      gutter: false, // there are signs instead
      // Where nothing is compared letter by letter, all letters would be marked.
      highlightChanges: changes.some(change => isShort(change, linesA, linesB)),
      diffConfig: {
        override: (textA, textB) => letterChanges(changes, linesA, linesB, textA, textB)
      }
    });
    this.steps = element('span', { class: 'qgrad-ir-tools' }, [
      iconButton(caretUpIcon, trans.__('Previous difference'), () => this.go(goToPreviousChunk)),
      iconButton(caretDownIcon, trans.__('Next difference'), () => this.go(goToNextChunk))
    ]);
  }

  private go(step: (view: EditorView) => boolean): void {
    this.merge.b.focus();
    step(this.merge.b);
  }

  dispose(): void {
    this.merge.destroy();
  }
}

function configuration(side: Side, sign: string, label: string, trans: TranslationBundle) {
  return {
    doc: side.content.text,
    extensions: [readOnlyText(side.stage.language, label, trans), signs(sign)]
  };
}

/** The sign of what was changed, for those who do not see its colour. */
function signs(sign: string) {
  const marker = new (class extends GutterMarker {
    override toDOM(): Node {
      return element('span', { class: 'qgrad-ir-sign' }, [sign]);
    }
  })();
  return gutter({
    class: 'qgrad-ir-signs',
    lineMarker: (view, block) => (isChanged(view.state, block.from) ? marker : null)
  });
}

function isChanged(state: EditorState, position: number): boolean {
  const found = getChunks(state);
  return !!found?.chunks.some(chunk => {
    const [from, to] = found.side === 'a' ? [chunk.fromA, chunk.toA] : [chunk.fromB, chunk.toB];
    return from <= position && position < to;
  });
}

/** Changes of lines as the editor wants them: by position, and by letter where that is short. */
export function letterChanges(
  changes: readonly LineChange[],
  linesA: readonly string[],
  linesB: readonly string[],
  textA: string,
  textB: string
): Change[] {
  const [startsA, startsB] = [starts(linesA), starts(linesB)];
  return changes.flatMap(({ fromA, toA, fromB, toB }) => {
    // At the end of the texts, the line break before the changed lines is part of the change where
    // one of them has no more lines.
    const back = fromA === linesA.length || fromB === linesB.length ? 1 : 0;
    const [a, endA] = [startsA[fromA]! - back, Math.min(startsA[toA]!, textA.length)];
    const [b, endB] = [startsB[fromB]! - back, Math.min(startsB[toB]!, textB.length)];
    const whole = new Change(a, endA, b, endB);
    if (!isShort({ fromA, toA, fromB, toB }, linesA, linesB)) {
      return [whole];
    }
    const fine = presentableDiff(textA.slice(a, endA), textB.slice(b, endB), { scanLimit: 100 });
    return fine.map(part => new Change(a + part.fromA, a + part.toA, b + part.fromB, b + part.toB));
  });
}

/** Whether lines were replaced by others, and both are short enough to be compared in detail. */
function isShort(
  { fromA, toA, fromB, toB }: LineChange,
  linesA: readonly string[],
  linesB: readonly string[]
): boolean {
  if (fromA === toA || fromB === toB || toA - fromA + toB - fromB > MOST_LETTERS) {
    return false;
  }
  const changed = [...linesA.slice(fromA, toA), ...linesB.slice(fromB, toB)];
  return changed.reduce((sum, line) => sum + line.length, 0) <= MOST_LETTERS;
}

/** Where each line begins, and where one after the last would. */
function starts(lines: readonly string[]): Float64Array {
  const found = new Float64Array(lines.length + 1);
  lines.forEach((line, index) => {
    found[index + 1] = found[index]! + line.length + 1;
  });
  return found;
}
