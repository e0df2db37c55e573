import type { JupyterFrontEndPlugin } from '@jupyterlab/application';
import { stagesPlugin } from './stages/plugin';

/** Every plugin of the extension, one per concern. */
const plugins: JupyterFrontEndPlugin<unknown>[] = [stagesPlugin];

export default plugins;
