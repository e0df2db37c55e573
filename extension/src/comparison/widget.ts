import type { IRenderMime } from '@jupyterlab/rendermime-interfaces';
import type { TranslationBundle } from '@jupyterlab/translation';
import { Widget } from '@lumino/widgets';
import { MIME_TYPE, parse } from './bundle';
import { copyText } from '../clipboard';
import { problem } from './problem';
import { ComparisonView } from './view';

/** Shows a comparison bundle of an output. */
export class ComparisonWidget extends Widget implements IRenderMime.IRenderer {
  constructor(private readonly trans: TranslationBundle) {
    super();
  }

  renderModel(model: IRenderMime.IMimeModel): Promise<void> {
    this.node.replaceChildren(this.shown(model));
    return Promise.resolve();
  }

  private shown(model: IRenderMime.IMimeModel): HTMLElement {
    try {
      return new ComparisonView(parse(model.data[MIME_TYPE]), this.trans, copyText).node;
    } catch (error) {
      const plain = model.data['text/plain'];
      return problem(error, typeof plain === 'string' ? plain : null, this.trans);
    }
  }
}
