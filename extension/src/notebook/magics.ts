import type { NotebookPanel } from '@jupyterlab/notebook';
import type { Kernel } from '@jupyterlab/services';
import { ask, isPython } from '../kernel/ask';
import { loads, needs } from './header';

/** What became of an attempt to have the magics in a kernel. */
export type Outcome =
  | { readonly kind: 'loaded' | 'no-kernel' | 'not-python' | 'missing' }
  | { readonly kind: 'failed'; readonly message: string };

/** Loads the magics where they are not there; the name of the extension stays the user's to see. */
const LOAD =
  '(lambda shell: "qgrad" in shell.magics_manager.magics["cell"]' +
  ' or shell.extension_manager.load_extension("qgrad_lab"))(get_ipython())';

/** Have the magics in the kernel of a notebook, without a trace in the notebook. */
export async function loadMagics(panel: NotebookPanel): Promise<Outcome> {
  const kernel = panel.sessionContext.session?.kernel;
  if (!kernel) {
    return { kind: 'no-kernel' };
  }
  if (!(await isPython(kernel))) {
    return { kind: 'not-python' };
  }
  return load(kernel);
}

async function load(kernel: Kernel.IKernelConnection): Promise<Outcome> {
  const { loaded } = await ask(kernel, { loaded: LOAD });
  if (loaded.ok) {
    return { kind: 'loaded' };
  }
  if (loaded.name === 'ModuleNotFoundError' && loaded.message.includes("'qgrad_lab'")) {
    return { kind: 'missing' };
  }
  return { kind: 'failed', message: `${loaded.name}: ${loaded.message}` };
}

/** Whether a notebook has cells that need the magics, and whether it has one that loads them. */
export function magicsOf(panel: NotebookPanel): { needed: boolean; loaded: boolean } {
  const sources = (panel.content.model?.sharedModel.cells ?? [])
    .filter(cell => cell.cell_type === 'code')
    .map(cell => cell.getSource());
  return { needed: sources.some(needs), loaded: sources.some(loads) };
}

/** Load the magics again when the kernel of a notebook that needs them is another, or restarted. */
export function keepMagics(panel: NotebookPanel): void {
  const again = () => {
    const { needed, loaded } = magicsOf(panel);
    if (needed && !loaded) {
      // Without qgrad_lab there, the cell itself says what is missing.
      loadMagics(panel).catch((reason: unknown) => console.warn('qgrad_lab: no magics', reason));
    }
  };
  let restarting = false;
  panel.sessionContext.kernelChanged.connect((_, { newValue }) => {
    if (newValue !== null) {
      again();
    }
  });
  panel.sessionContext.statusChanged.connect((_, status) => {
    if (status === 'restarting' || status === 'autorestarting') {
      restarting = true;
    } else if (restarting && (status === 'starting' || status === 'idle')) {
      restarting = false;
      again();
    }
  });
}
