import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { INotebookTracker } from '@jupyterlab/notebook';
import { ITranslator } from '@jupyterlab/translation';
import { nablaIcon } from '../icons';
import { IDefaults, type ReadDefaults } from '../settings/plugin';
import { translations } from '../translation';
import { differentiate } from './differentiate';
import { MAGIC } from './header';
import { keepMagics } from './magics';

export const DIFFERENTIATE = 'qgrad:differentiate-cell';

/** Adds the command that has a cell differentiate its last line. */
export const notebookPlugin: JupyterFrontEndPlugin<void> = {
  id: 'qgrad-lab:notebook',
  description: 'Adds the command that turns a cell into one that differentiates its last line.',
  autoStart: true,
  requires: [INotebookTracker, IDefaults],
  optional: [ICommandPalette, ITranslator],
  activate: (
    app: JupyterFrontEnd,
    tracker: INotebookTracker,
    defaults: ReadDefaults,
    palette: ICommandPalette | null,
    translator: ITranslator | null
  ) => {
    const trans = translations(translator);
    const { commands } = app;
    const isCode = () => tracker.activeCell?.model.type === 'code';
    commands.addCommand(DIFFERENTIATE, {
      label: trans.__('Differentiate This Cell'),
      caption: () =>
        isCode()
          ? trans.__('Differentiate the call on the last line of this cell (%1)', MAGIC)
          : trans.__('Differentiate This Cell: choose a code cell'),
      icon: nablaIcon,
      isEnabled: isCode,
      execute: async () => {
        const panel = tracker.currentWidget;
        const cell = tracker.activeCell;
        if (panel !== null && cell !== null && isCode()) {
          await differentiate(panel, cell, defaults(), trans);
        }
      }
    });
    tracker.activeCellChanged.connect(() => commands.notifyCommandChanged(DIFFERENTIATE));
    tracker.currentChanged.connect(() => commands.notifyCommandChanged(DIFFERENTIATE));
    tracker.forEach(keepMagics);
    tracker.widgetAdded.connect((_, panel) => keepMagics(panel));
    palette?.addItem({ command: DIFFERENTIATE, category: trans.__('Differentiate') });
  }
};
