import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import {
  ICommandPalette,
  ISessionContextDialogs,
  MainAreaWidget,
  SessionContextDialogs
} from '@jupyterlab/apputils';
import { INotebookTracker, NotebookActions, type NotebookPanel } from '@jupyterlab/notebook';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { nablaIcon } from '../icons';
import { IDefaults, type ReadDefaults } from '../settings/plugin';
import { translations } from '../translation';
import { WorkbenchPanel } from './panel';

export const OPEN = 'qgrad:open-workbench';

/** Milliseconds after a cell within which others may follow, before the kernel is asked. */
const PAUSE = 200;

/** Adds the command that opens the workbench beside a notebook. */
export const panelPlugin: JupyterFrontEndPlugin<void> = {
  id: 'qgrad-lab:panel',
  description: 'Adds the command that opens the workbench of the functions in a notebook.',
  autoStart: true,
  requires: [INotebookTracker, IDefaults],
  optional: [ICommandPalette, ISessionContextDialogs, ITranslator],
  activate: (
    app: JupyterFrontEnd,
    tracker: INotebookTracker,
    defaults: ReadDefaults,
    palette: ICommandPalette | null,
    dialogs: SessionContextDialogs | null,
    translator: ITranslator | null
  ) => {
    const trans = translations(translator);
    const asking =
      dialogs ?? new SessionContextDialogs({ translator: translator ?? nullTranslator });
    const panels = new Map<NotebookPanel, MainAreaWidget<WorkbenchPanel>>();

    const make = (notebook: NotebookPanel) => {
      const content = new WorkbenchPanel({
        notebook,
        defaults,
        chooseKernel: context => asking.selectKernel(context),
        trans
      });
      const widget = new MainAreaWidget({ content });
      const name = () => {
        widget.title.caption = trans.__('Workbench of %1', notebook.title.label);
      };
      widget.id = `qgrad-workbench-${notebook.id}`;
      widget.title.icon = nablaIcon;
      widget.title.closable = true;
      widget.title.label = trans.__('Workbench');
      name();
      notebook.title.changed.connect(name);
      notebook.disposed.connect(() => widget.dispose());
      widget.disposed.connect(() => {
        notebook.title.changed.disconnect(name);
        panels.delete(notebook);
      });
      panels.set(notebook, widget);
      app.shell.add(widget, 'main', { mode: 'split-right', ref: notebook.id });
      return widget;
    };

    app.commands.addCommand(OPEN, {
      label: trans.__('Open Workbench'),
      caption: trans.__('Differentiate a function of this notebook interactively'),
      icon: nablaIcon,
      isEnabled: () => tracker.currentWidget !== null,
      execute: () => {
        const notebook = tracker.currentWidget;
        if (notebook !== null) {
          app.shell.activateById((panels.get(notebook) ?? make(notebook)).id);
        }
      }
    });
    tracker.currentChanged.connect(() => app.commands.notifyCommandChanged(OPEN));

    const due = new Map<MainAreaWidget<WorkbenchPanel>, ReturnType<typeof setTimeout>>();
    NotebookActions.executed.connect((_, { notebook }) => {
      for (const [panel, widget] of panels) {
        if (panel.content === notebook) {
          clearTimeout(due.get(widget));
          const ask = () => !widget.isDisposed && widget.content.refresh();
          due.set(widget, setTimeout(ask, PAUSE));
        }
      }
    });
    palette?.addItem({ command: OPEN, category: trans.__('Differentiate') });
  }
};
