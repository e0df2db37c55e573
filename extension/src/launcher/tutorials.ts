import type { Contents } from '@jupyterlab/services';

/** The folder that the tutorials are copied to: that of the command `qgrad-lab`. */
export const FOLDER = 'qgrad_lab_notebooks';

export const START = '01_start_here.ipynb';

/** What is needed of JupyterLab's files, and of the tutorials that come with the extension. */
export interface Files {
  exists(path: string): Promise<boolean>;
  makeFolder(path: string): Promise<void>;
  write(path: string, model: Partial<Contents.IModel>): Promise<void>;
  /** The names of all tutorials and of what belongs to them. */
  names(): Promise<string[]>;
  fetch(name: string): Promise<ArrayBuffer>;
}

/** What was found, or made: where the first tutorial is, and how many files are new. */
export interface Tutorials {
  readonly start: string;
  readonly copied: number;
}

/** Find the tutorials in a folder or at the top, or copy them there; nothing is overwritten. */
export async function tutorials(files: Files, folder: string): Promise<Tutorials> {
  for (const place of new Set([folder, ''])) {
    const start = joined(place, START);
    if (await files.exists(start)) {
      return { start, copied: 0 };
    }
  }
  return { start: joined(FOLDER, START), copied: await copy(files) };
}

/** Copy what is not there yet. */
async function copy(files: Files): Promise<number> {
  const made = new Set<string>();
  let copied = 0;
  for (const name of await files.names()) {
    const path = joined(FOLDER, name);
    for (const folder of parents(path)) {
      if (!made.has(folder) && !(await files.exists(folder))) {
        await files.makeFolder(folder);
      }
      made.add(folder);
    }
    if (!(await files.exists(path))) {
      await files.write(path, model(name, await files.fetch(name)));
      copied += 1;
    }
  }
  return copied;
}

/** What JupyterLab saves as a file with these bytes. */
export function model(name: string, bytes: ArrayBuffer): Partial<Contents.IModel> {
  if (name.endsWith('.ipynb')) {
    const content: unknown = JSON.parse(new TextDecoder().decode(bytes));
    return { type: 'notebook', format: 'json', content };
  }
  let letters = '';
  for (const byte of new Uint8Array(bytes)) {
    letters += String.fromCharCode(byte);
  }
  return { type: 'file', format: 'base64', content: btoa(letters) };
}

function joined(folder: string, name: string): string {
  return folder === '' ? name : `${folder.replace(/\/$/, '')}/${name}`;
}

/** The folders that a file is in, from the top. */
function parents(path: string): string[] {
  const parts = path.split('/').slice(0, -1);
  return parts.map((_, i) => parts.slice(0, i + 1).join('/'));
}
