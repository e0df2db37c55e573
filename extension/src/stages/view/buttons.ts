import type { LabIcon } from '@jupyterlab/ui-components';
import { element } from '../../dom';

/** A button with an icon, and its name for people who do not see that. */
export function iconButton(icon: LabIcon, label: string, clicked: () => void): HTMLButtonElement {
  const button = element('button', { type: 'button', class: 'qgrad-ir-button' });
  icon.element({ container: button, tag: 'span' });
  rename(button, label);
  button.addEventListener('click', clicked);
  return button;
}

/** Give a button another name. */
export function rename(button: HTMLButtonElement, label: string): void {
  button.title = label;
  button.setAttribute('aria-label', label);
}

/** Whether a button that stays down is down. */
export function press(button: HTMLButtonElement, pressed: boolean): void {
  button.setAttribute('aria-pressed', String(pressed));
}
