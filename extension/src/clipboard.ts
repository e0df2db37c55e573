import { Clipboard } from '@jupyterlab/apputils';

/** Copy a text; also where the page is not served over https, and browsers hide their clipboard. */
export async function copyText(text: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    Clipboard.copyToSystem(text);
  }
}
