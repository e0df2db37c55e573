import { PageConfig, URLExt } from '@jupyterlab/coreutils';
import { ServerConnection, type Contents } from '@jupyterlab/services';
import type { Files } from './tutorials';

/** Where JupyterLab's server has the tutorials that come with the extension. */
const SERVED = ['qgrad-lab', 'tutorials'];

/** The files of JupyterLab's server. */
export function serverFiles(contents: Contents.IManager): Files {
  const settings = contents.serverSettings ?? ServerConnection.makeSettings();
  const fetched = async (name: string) => {
    const parts = name.split('/').map(encodeURIComponent);
    const path = URLExt.join(PageConfig.getOption('fullLabextensionsUrl'), ...SERVED, ...parts);
    const url = new URL(path, settings.baseUrl).href;
    const response = await ServerConnection.makeRequest(url, {}, settings);
    if (!response.ok) {
      throw await ServerConnection.ResponseError.create(response);
    }
    return response;
  };
  return {
    exists: async path => {
      try {
        await contents.get(path, { content: false });
        return true;
      } catch (error) {
        if (error instanceof ServerConnection.ResponseError && error.response.status === 404) {
          return false;
        }
        throw error;
      }
    },
    makeFolder: async path => {
      await contents.save(path, { type: 'directory' });
    },
    write: async (path, model) => {
      await contents.save(path, model);
    },
    names: async () => (await (await fetched('index.json')).json()) as string[],
    fetch: async name => (await fetched(name)).arrayBuffer()
  };
}
