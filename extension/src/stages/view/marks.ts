import { StateEffect, StateField, type Extension, type Range } from '@codemirror/state';
import {
  Decoration,
  EditorView,
  GutterMarker,
  ViewPlugin,
  gutter,
  type DecorationSet,
  type ViewUpdate
} from '@codemirror/view';
import { within, type Lines } from '../links/links';

interface Linked {
  lines: Lines;
  /** The line that is pointed at; 0 where it is in another stage. */
  pointed: number;
}

const setLinked = StateEffect.define<Linked>();

const linkedField = StateField.define<Linked>({
  create: () => ({ lines: [], pointed: 0 }),
  update: (value, transaction) =>
    transaction.effects.reduce(
      (last, effect) => (effect.is(setLinked) ? effect.value : last),
      value
    )
});

const LINKED = Decoration.line({ class: 'qgrad-ir-linked' });
const POINTED = Decoration.line({ class: 'qgrad-ir-linked qgrad-ir-pointed' });

/** Only the lines that are seen are decorated: a line of Python may have made a megabyte. */
function visibleMarks(view: EditorView): DecorationSet {
  const { lines, pointed } = view.state.field(linkedField);
  const { doc } = view.state;
  const found = new Map<number, Range<Decoration>>();
  for (const { from, to } of view.visibleRanges) {
    const [first, last] = [doc.lineAt(from).number, doc.lineAt(to).number];
    for (const line of within(lines, first, last)) {
      found.set(line, (line === pointed ? POINTED : LINKED).range(doc.line(line).from));
    }
    if (pointed >= first && pointed <= last) {
      found.set(pointed, POINTED.range(doc.line(pointed).from));
    }
  }
  return Decoration.set([...found.values()], true);
}

const lineMarks = ViewPlugin.fromClass(
  class {
    decorations: DecorationSet;

    constructor(view: EditorView) {
      this.decorations = visibleMarks(view);
    }

    update(update: ViewUpdate): void {
      if (update.viewportChanged || changesLinked(update)) {
        this.decorations = visibleMarks(update.view);
      }
    }
  },
  { decorations: plugin => plugin.decorations }
);

function changesLinked(update: ViewUpdate): boolean {
  return update.startState.field(linkedField) !== update.state.field(linkedField);
}

/** A shape beside the line, for those who do not see its colour. */
class LinkMarker extends GutterMarker {
  override toDOM(): Node {
    const mark = document.createElement('span');
    mark.className = 'qgrad-ir-mark';
    mark.textContent = '◆';
    return mark;
  }
}

const MARKER = new LinkMarker();

const markGutter = gutter({
  class: 'qgrad-ir-marks',
  lineMarker: (view, block) => {
    const { lines } = view.state.field(linkedField);
    const { number } = view.state.doc.lineAt(block.from);
    return within(lines, number, number).length ? MARKER : null;
  },
  lineMarkerChange: changesLinked
});

/** Shows which lines belong to the one that is pointed at. */
export const linkMarks: Extension = [linkedField, lineMarks, markGutter];

export function showLinked(view: EditorView, lines: Lines, pointed: number): void {
  const inside = lines.filter(line => line <= view.state.doc.lines);
  view.dispatch({ effects: setLinked.of({ lines: inside, pointed }) });
}
