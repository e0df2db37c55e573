import type { TranslationBundle } from '@jupyterlab/translation';
import { element } from '../dom';
import type { UnreadableBundle } from '../wire/json';
import { VERSION } from './bundle';

const HERE = 'pip install --upgrade qgrad-lab';
const KERNEL = '%pip install --upgrade qgrad-lab';

/** What to do about data that cannot be shown. */
export function problem(error: UnreadableBundle, trans: TranslationBundle): HTMLElement {
  const [first, fix, command, after] = {
    newer: [
      trans.__('This output was made by a newer qgrad-lab than the one of this JupyterLab.'),
      trans.__('Upgrade the package in the environment that JupyterLab is started from:'),
      HERE,
      trans.__('Then reload this page.')
    ],
    older: [
      trans.__('This output was made by an older qgrad-lab, in a form that is no longer shown.'),
      trans.__('Upgrade the package of the kernel, in a cell of this notebook:'),
      KERNEL,
      trans.__('Then restart the kernel and run the cell again.')
    ],
    broken: [
      trans.__('This output is damaged, or was made by another version of qgrad-lab.'),
      trans.__('Let the kernel have the version of JupyterLab; in a cell of this notebook:'),
      KERNEL,
      trans.__('Then restart the kernel and run the cell again.')
    ]
  }[error.kind] as [string, string, string, string];
  return element('div', { class: 'qgrad-ir-problem', role: 'alert' }, [
    element('p', {}, [element('strong', {}, [first])]),
    element('p', {}, [fix, ' ', element('code', {}, [command])]),
    element('p', {}, [after]),
    element('p', { class: 'qgrad-ir-details' }, [
      trans.__('Details: %1; this JupyterLab shows version %2.', error.message, VERSION)
    ])
  ]);
}
