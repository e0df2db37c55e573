import type { TranslationBundle } from '@jupyterlab/translation';
import { element } from '../dom';
import { UnreadableBundle } from '../wire/json';
import { VERSION } from './bundle';

/** What is wrong with a bundle, what to do about it, and the table as text where there is one. */
export function problem(
  error: unknown,
  plain: string | null,
  trans: TranslationBundle
): HTMLElement {
  const [what, fix] = explained(error, trans);
  return element(
    'div',
    { class: 'qgrad-comparison' },
    element(
      'div',
      { class: 'qgrad-problem', role: 'alert' },
      element('strong', {}, what),
      element('p', {}, fix)
    ),
    plain === null ? null : element('pre', {}, plain)
  );
}

function explained(error: unknown, trans: TranslationBundle): [string, string] {
  const again = trans.__(
    "In the notebook's kernel: %pip install -U qgrad-lab; then restart the kernel and run the cell again."
  );
  if (!(error instanceof UnreadableBundle)) {
    return [trans.__('✗ This comparison cannot be shown: %1', String(error)), again];
  }
  if (error.kind === 'newer') {
    return [
      trans.__(
        '✗ This comparison has version %1, and this JupyterLab shows version %2.',
        error.version,
        VERSION
      ),
      trans.__(
        'The qgrad_lab of the kernel is newer than the extension of JupyterLab. In the environment that JupyterLab runs in: pip install -U qgrad-lab; then reload this page.'
      )
    ];
  }
  if (error.kind === 'older') {
    return [
      trans.__(
        '✗ This comparison has version %1, which is older than version %2 that this JupyterLab shows.',
        error.version,
        VERSION
      ),
      again
    ];
  }
  return [
    trans.__(
      '✗ This comparison cannot be read: %1 is missing or not of the expected form.',
      error.path
    ),
    trans.__(
      'It was made by a qgrad_lab that does not fit this JupyterLab, or was changed since. %1',
      again
    )
  ];
}
