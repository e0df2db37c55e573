import type { IRenderMime } from '@jupyterlab/rendermime-interfaces';
import type { TranslationBundle } from '@jupyterlab/translation';
import { Widget } from '@lumino/widgets';
import { UnreadableBundle } from '../wire/json';
import { MIME_TYPE, parseBundle } from './bundle';
import { problem } from './problem';
import type { StagesView } from './view/view';

/** The output of a cell that is the stages of a program. */
export class StagesRenderer extends Widget implements IRenderMime.IRenderer {
  private view: StagesView | null = null;

  constructor(
    private readonly trans: TranslationBundle,
    private readonly preferred: () => string | null
  ) {
    super();
    this.addClass('qgrad-ir');
    // The keys that JupyterLab has commands for are the editors' here.
    this.node.dataset['lmSuppressShortcuts'] = 'true';
  }

  async renderModel(model: IRenderMime.IMimeModel): Promise<void> {
    this.view?.dispose();
    this.view = null;
    try {
      const bundle = parseBundle(model.data[MIME_TYPE]);
      // Editors are loaded when there is something to show in them.
      const { StagesView } = await import('./view/view');
      if (this.isDisposed) {
        return;
      }
      this.view = new StagesView(bundle, this.trans, this.preferred());
      this.node.replaceChildren(this.view.node);
    } catch (error) {
      if (!(error instanceof UnreadableBundle)) {
        throw error;
      }
      this.node.replaceChildren(problem(error, this.trans));
    }
  }

  override dispose(): void {
    this.view?.dispose();
    this.view = null;
    super.dispose();
  }
}
