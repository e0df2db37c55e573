import type { JupyterFrontEndPlugin } from '@jupyterlab/application';
import { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { ITranslator } from '@jupyterlab/translation';
import { translations } from '../translation';
import { MIME_TYPE } from './bundle';
import { ComparisonWidget } from './widget';

/** Before that of HTML, which is 50. */
const RANK = 40;

/** Shows the comparison of methods, in preference to its HTML. */
export const comparisonPlugin: JupyterFrontEndPlugin<void> = {
  id: 'qgrad-lab:comparison',
  description: 'Shows the gradients of several methods in a table that can be sorted.',
  autoStart: true,
  requires: [IRenderMimeRegistry],
  optional: [ITranslator],
  activate: (_app, registry: IRenderMimeRegistry, translator: ITranslator | null) => {
    const trans = translations(translator);
    registry.addFactory(
      {
        safe: true,
        mimeTypes: [MIME_TYPE],
        createRenderer: () => new ComparisonWidget(trans)
      },
      RANK
    );
  }
};
