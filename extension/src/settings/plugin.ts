import type { JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { Token } from '@lumino/coreutils';
import { defaultsOf, FALLBACK, type Defaults } from './defaults';

const ID = 'qgrad-lab:settings';

/** Reads the settings as they are now. */
export type ReadDefaults = () => Defaults;

export const IDefaults = new Token<ReadDefaults>(
  'qgrad-lab:IDefaults',
  'The settings of qgrad_lab: what a differentiated cell and a workbench begin with.'
);

/** Provides the settings. */
export const settingsPlugin: JupyterFrontEndPlugin<ReadDefaults> = {
  id: ID,
  description: 'Provides the settings of qgrad_lab.',
  autoStart: true,
  provides: IDefaults,
  optional: [ISettingRegistry],
  activate: (_app, registry: ISettingRegistry | null): ReadDefaults => {
    let current = FALLBACK;
    registry
      ?.load(ID)
      .then(settings => {
        const read = () => {
          current = defaultsOf(settings.composite);
        };
        settings.changed.connect(read);
        read();
      })
      .catch((reason: unknown) => console.error(`${ID}: settings cannot be read`, reason));
    return () => current;
  }
};
