import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette, Notification } from '@jupyterlab/apputils';
import { IDefaultFileBrowser } from '@jupyterlab/filebrowser';
import { ILauncher } from '@jupyterlab/launcher';
import { ITranslator } from '@jupyterlab/translation';
import { tutorialsIcon } from '../icons';
import { translations } from '../translation';
import { serverFiles } from './server-files';
import { FOLDER, tutorials } from './tutorials';

export const TUTORIALS = 'qgrad:open-tutorials';

/** Adds the command that opens the tutorials, and its tile. */
export const tutorialsPlugin: JupyterFrontEndPlugin<void> = {
  id: 'qgrad-lab:tutorials',
  description: 'Adds a tile to the launcher that opens the tutorials.',
  autoStart: true,
  optional: [ILauncher, IDefaultFileBrowser, ICommandPalette, ITranslator],
  activate: (
    app: JupyterFrontEnd,
    launcher: ILauncher | null,
    browser: IDefaultFileBrowser | null,
    palette: ICommandPalette | null,
    translator: ITranslator | null
  ) => {
    const trans = translations(translator);
    app.commands.addCommand(TUTORIALS, {
      label: trans.__('qgrad_lab Tutorials'),
      caption: trans.__('Open the first tutorial; copy them to %1 if they are not here', FOLDER),
      icon: tutorialsIcon,
      execute: async args => {
        const folder = typeof args['cwd'] === 'string' ? args['cwd'] : (browser?.model.path ?? '');
        try {
          const files = serverFiles(app.serviceManager.contents);
          const { start, copied } = await tutorials(files, folder);
          if (copied > 0) {
            Notification.success(
              trans._n(
                'Copied 1 file to %2.',
                'Copied %1 files of the tutorials to the folder %2.',
                copied,
                FOLDER
              ),
              { autoClose: 5000 }
            );
          }
          await app.commands.execute('docmanager:open', { path: start });
        } catch (error) {
          Notification.error(
            trans.__(
              'The tutorials cannot be opened: %1. Run qgrad-lab in a terminal, in a folder of yours.',
              error instanceof Error ? error.message : String(error)
            ),
            { autoClose: false }
          );
        }
      }
    });
    launcher?.add({ command: TUTORIALS, category: trans.__('Differentiate'), rank: 1 });
    palette?.addItem({ command: TUTORIALS, category: trans.__('Differentiate') });
  }
};
