import type { TranslationBundle } from '@jupyterlab/translation';
import type { Loss, State } from './functions';

/** What is said where there is no list of functions, and what to do about it. */
export interface Message {
  readonly text: string;
  /** What to run, and where. */
  readonly fix?: { readonly where: string; readonly code: string };
  /** What a button offers. */
  readonly action?: 'choose-kernel' | 'retry';
  /** Whether it is a problem, and not a matter of waiting. */
  readonly alert: boolean;
}

/** The message about a state; null where there is a list with something in it. */
export function message(state: State, waiting: boolean, trans: TranslationBundle): Message | null {
  const install = {
    where: trans.__('Run this in a cell of the notebook, and restart its kernel:'),
    code: '%pip install -U qgrad-lab'
  };
  switch (state.kind) {
    case 'starting':
      return { text: trans.__('The kernel is starting…'), alert: false };
    case 'asking':
      return {
        text: waiting
          ? trans.__('The kernel is busy. The list of its functions follows when it is free.')
          : trans.__('Asking the kernel for its functions…'),
        alert: false
      };
    case 'no-kernel':
      return {
        text: trans.__('This notebook has no kernel.'),
        action: 'choose-kernel',
        alert: true
      };
    case 'not-python':
      return {
        text: trans.__('The kernel of this notebook does not run Python, which qgrad_lab needs.'),
        action: 'choose-kernel',
        alert: true
      };
    case 'dead':
      return {
        text: trans.__('The kernel of this notebook has died. Restart it, or choose another.'),
        action: 'choose-kernel',
        alert: true
      };
    case 'missing':
      return {
        text: trans.__("qgrad_lab is not installed in this notebook's kernel."),
        fix: install,
        action: 'retry',
        alert: true
      };
    case 'too-old':
      return {
        text:
          state.version === null
            ? trans.__('The qgrad_lab of this kernel is too old for this panel.')
            : trans.__(
                'The qgrad_lab of this kernel, version %1, is too old for this panel.',
                state.version
              ),
        fix: install,
        action: 'retry',
        alert: true
      };
    case 'too-new':
      return {
        text: trans.__(
          "The qgrad_lab of this kernel, version %1, is newer than JupyterLab's extension.",
          state.version
        ),
        fix: {
          where: trans.__('Run this where JupyterLab is installed, and reload this page:'),
          code: 'pip install -U qgrad-lab'
        },
        action: 'retry',
        alert: true
      };
    case 'failed':
      return {
        text: trans.__('qgrad_lab could not be loaded in this kernel. %1', state.message),
        fix: install,
        action: 'retry',
        alert: true
      };
    case 'functions':
      return state.functions.length > 0
        ? null
        : {
            text: trans.__(
              'There is no function to differentiate yet. Define one in a cell, such as a QNode, and run the cell: it appears here.'
            ),
            alert: false
          };
  }
}

/** What is said when a kernel was lost. */
export function lossMessage(loss: Loss, trans: TranslationBundle): string {
  switch (loss) {
    case 'restarted':
      return trans.__(
        'The kernel was restarted, and its functions are gone. Run the cells that define them.'
      );
    case 'changed':
      return trans.__('The notebook has another kernel now. These are its functions.');
    case 'gone':
      return trans.__('The kernel was shut down.');
  }
}
