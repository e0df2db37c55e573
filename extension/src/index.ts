import type { JupyterFrontEndPlugin } from '@jupyterlab/application';
import { comparisonPlugin } from './comparison/plugin';
import { tutorialsPlugin } from './launcher/plugin';
import { notebookPlugin } from './notebook/plugin';
import { panelPlugin } from './panel/plugin';
import { settingsPlugin } from './settings/plugin';
import { stagesPlugin } from './stages/plugin';

/** Every plugin of the extension, one per concern. */
const plugins: JupyterFrontEndPlugin<unknown>[] = [
  stagesPlugin,
  comparisonPlugin,
  settingsPlugin,
  notebookPlugin,
  panelPlugin,
  tutorialsPlugin
];

export default plugins;
