import type { JupyterFrontEndPlugin } from '@jupyterlab/application';
import { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { ITranslator } from '@jupyterlab/translation';
import { translations } from '../translation';
import { MIME_TYPE } from './bundle';
import { StagesRenderer } from './renderer';

/** Smaller than that of HTML, which the same output has for other front ends. */
const RANK = 40;

/** The settings of the whole extension. */
const SETTINGS = 'qgrad-lab:settings';

/** Shows the stages of a program, in preference to their HTML. */
export const stagesPlugin: JupyterFrontEndPlugin<void> = {
  id: 'qgrad-lab:stages',
  description: 'Shows the intermediate representations of a program.',
  autoStart: true,
  requires: [IRenderMimeRegistry],
  optional: [ISettingRegistry, ITranslator],
  activate: (
    _app,
    registry: IRenderMimeRegistry,
    settings: ISettingRegistry | null,
    translator: ITranslator | null
  ) => {
    const trans = translations(translator);
    let preferred: string | null = null;
    settings
      ?.load(SETTINGS)
      .then(loaded => {
        const read = () => {
          const { composite } = loaded.get('irStage');
          preferred = typeof composite === 'string' ? composite : null;
        };
        loaded.changed.connect(read);
        read();
      })
      .catch((error: unknown) => console.warn(`${SETTINGS}: ${String(error)}`));
    registry.addFactory(
      {
        // Nothing of the data is run or read as HTML.
        safe: true,
        mimeTypes: [MIME_TYPE],
        createRenderer: () => new StagesRenderer(trans, () => preferred)
      },
      RANK
    );
  }
};
