import type { JupyterFrontEndPlugin } from '@jupyterlab/application';
import { comparisonPlugin } from './comparison/plugin';
import { stagesPlugin } from './stages/plugin';

/** Every plugin of the extension, one per concern. */
const plugins: JupyterFrontEndPlugin<unknown>[] = [stagesPlugin, comparisonPlugin];

export default plugins;
