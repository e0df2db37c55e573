import type { Cell, ICodeCellModel } from '@jupyterlab/cells';
import { Notification } from '@jupyterlab/apputils';
import type { NotebookPanel } from '@jupyterlab/notebook';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { Defaults } from '../settings/defaults';
import { edit, MAGIC } from './header';
import { loadMagics, magicsOf, type Outcome } from './magics';

/** Milliseconds for which a notice without a button is shown. */
const BRIEFLY = 6000;

/** Notebooks in which it was offered to add a cell that loads the magics. */
const offered = new WeakSet<NotebookPanel>();

/** Have a code cell differentiate its last line, and the kernel know how. */
export async function differentiate(
  panel: NotebookPanel,
  cell: Cell,
  defaults: Defaults,
  trans: TranslationBundle
): Promise<void> {
  const model = cell.model as ICodeCellModel;
  const found = edit(model.sharedModel.getSource(), defaults);
  switch (found.kind) {
    case 'other-magic':
      Notification.warning(
        trans.__(
          'This cell begins with %1, and a cell has one such magic. Remove that line, or differentiate another cell.',
          found.magic
        ),
        { autoClose: BRIEFLY }
      );
      return;
    case 'line-magic':
      Notification.info(
        trans.__('The last line of this cell is differentiated by %qgrad already.'),
        {
          autoClose: BRIEFLY
        }
      );
      return;
    case 'unchanged':
      Notification.info(trans.__('This cell has the options of the settings already.'), {
        autoClose: BRIEFLY
      });
      break;
    default:
      replace(cell, found.start, found.end, found.text);
      if (found.kind === 'empty') {
        Notification.info(
          trans.__('Write the call to differentiate on the last line, such as loss(theta).'),
          { autoClose: BRIEFLY }
        );
      }
  }
  await prepare(panel, trans);
}

/** Replace a part of the source as one step of undoing, and keep the cursor where it was. */
function replace(cell: Cell, start: number, end: number, text: string): void {
  const shared = cell.model.sharedModel;
  // Edits that follow each other quickly are one step, unless they are told apart.
  const undo = (shared as { undoManager?: { stopCapturing(): void } | null }).undoManager;
  undo?.stopCapturing();
  shared.updateSource(start, end, text);
  undo?.stopCapturing();
}

/** Load the magics, and say what is missing. */
async function prepare(panel: NotebookPanel, trans: TranslationBundle): Promise<void> {
  const outcome = await loadMagics(panel);
  if (outcome.kind !== 'loaded') {
    Notification.warning(missing(outcome, trans), { autoClose: false });
    return;
  }
  if (!magicsOf(panel).loaded && !offered.has(panel)) {
    offered.add(panel);
    Notification.info(
      trans.__(
        '%1 works in this kernel now. For readers without this extension, the notebook needs a cell with %load_ext qgrad_lab.',
        MAGIC
      ),
      {
        autoClose: 4 * BRIEFLY,
        actions: [
          {
            label: trans.__('Add the cell'),
            callback: () => addLoadingCell(panel),
            displayType: 'accent'
          }
        ]
      }
    );
  }
}

/** Add a cell that loads the magics above the first code cell. */
function addLoadingCell(panel: NotebookPanel): void {
  const shared = panel.content.model?.sharedModel;
  if (shared === undefined || magicsOf(panel).loaded) {
    return;
  }
  const first = shared.cells.findIndex(cell => cell.cell_type === 'code');
  shared.insertCell(Math.max(0, first), {
    cell_type: 'code',
    source: '%load_ext qgrad_lab',
    metadata: { trusted: true }
  });
}

function missing(outcome: Outcome, trans: TranslationBundle): string {
  switch (outcome.kind) {
    case 'no-kernel':
      return trans.__(
        'This notebook has no kernel. Choose one (Kernel menu, Change Kernel) to run %1.',
        MAGIC
      );
    case 'not-python':
      return trans.__('%1 needs a Python kernel, and this notebook has another.', MAGIC);
    case 'missing':
      return trans.__(
        "qgrad_lab is not installed in this notebook's kernel. Run %pip install -U qgrad-lab in a cell, and restart the kernel."
      );
    case 'failed':
      return trans.__(
        "qgrad_lab could not be loaded in this notebook's kernel: %1. Run %pip install -U qgrad-lab in a cell, and restart the kernel.",
        outcome.message
      );
    case 'loaded':
      return '';
  }
}
