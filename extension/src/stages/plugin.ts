import type { JupyterFrontEndPlugin } from '@jupyterlab/application';
import { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import type { IRenderMime } from '@jupyterlab/rendermime-interfaces';
import { ITranslator } from '@jupyterlab/translation';
import { Widget } from '@lumino/widgets';
import { translations } from '../translation';

const MIME_TYPE = 'application/vnd.qgrad-lab.stages.v1+json';

/** Shows the stages of a program, in preference to their HTML. */
export const stagesPlugin: JupyterFrontEndPlugin<void> = {
  id: 'qgrad-lab:stages',
  description: 'Shows the intermediate representations of a program.',
  autoStart: true,
  requires: [IRenderMimeRegistry],
  optional: [ITranslator],
  activate: (_app, registry: IRenderMimeRegistry, translator: ITranslator | null) => {
    const trans = translations(translator);
    registry.addFactory(
      {
        safe: true,
        mimeTypes: [MIME_TYPE],
        createRenderer: () => {
          const widget = new Widget() as Widget & IRenderMime.IRenderer;
          widget.addClass('qgrad-ir');
          widget.renderModel = model => {
            widget.node.textContent = trans.__('%1 bytes', JSON.stringify(model.data).length);
            return Promise.resolve();
          };
          return widget;
        }
      },
      40
    );
  }
};
