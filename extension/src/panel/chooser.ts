import type { TranslationBundle } from '@jupyterlab/translation';
import { copyText } from '../clipboard';
import { element, uniqueId } from '../dom';
import { call, fields, type Field } from './call';
import type { KernelFunction } from './listing';
import type { Message } from './messages';

export interface ChooserActions {
  /** A function was chosen, with the arguments of a call. */
  open(name: string, argumentsText: string): void;
  refresh(): void;
  chooseKernel(): void;
}

/** The list of functions, and the form for the arguments of the one that is chosen. */
export class Chooser {
  readonly node: HTMLElement;
  private readonly about = element('span', { class: 'qgrad-quiet' });
  private readonly notice = element('p', { class: 'qgrad-notice', role: 'status', hidden: true });
  private readonly place = element('div');
  private readonly list = element('div', { class: 'qgrad-functions' });
  private readonly form = element('div', { class: 'qgrad-fields' });
  private readonly legend = element('legend');
  private readonly summary = element('summary');
  private readonly whole: HTMLDetailsElement;
  private readonly group = uniqueId('qgrad');
  private functions: readonly KernelFunction[] = [];
  private chosen: string | null = null;
  /** What was typed, by function and argument. */
  private readonly typed = new Map<string, Map<string, string>>();

  constructor(
    private readonly trans: TranslationBundle,
    private readonly actions: ChooserActions
  ) {
    const form = element(
      'form',
      {
        onsubmit: event => {
          event.preventDefault();
          this.submit();
        }
      },
      element('fieldset', {}, element('legend', {}, trans.__('Function')), this.list),
      element(
        'fieldset',
        {},
        this.legend,
        this.form,
        element(
          'button',
          { type: 'submit', class: 'jp-mod-styled jp-mod-accept qgrad-open' },
          trans.__('Open the workbench')
        )
      )
    );
    this.whole = element('details', { class: 'qgrad-chooser', open: true }, this.summary, form);
    this.node = element(
      'div',
      { class: 'qgrad-panel-top' },
      element(
        'div',
        { class: 'qgrad-panel-head' },
        this.about,
        element(
          'button',
          {
            type: 'button',
            class: 'qgrad-refresh',
            title: trans.__('Ask the kernel for its functions again'),
            onclick: () => actions.refresh()
          },
          trans.__('Refresh')
        )
      ),
      this.notice,
      this.place,
      this.whole
    );
  }

  /** Say which kernel this is about. */
  describe(words: string): void {
    this.about.textContent = words;
  }

  /** Say something that has happened; nothing to stop saying it. */
  say(words: string | null): void {
    this.notice.textContent = words ?? '';
    this.notice.hidden = words === null;
  }

  /** Show a message instead of the functions; the functions again without one. */
  tell(message: Message | null): void {
    this.place.replaceChildren(...(message === null ? [] : [this.message(message)]));
    this.whole.hidden = message !== null;
  }

  /** Show these functions; what is chosen and typed stays as far as it can. */
  show(functions: readonly KernelFunction[]): void {
    if (JSON.stringify(functions) === JSON.stringify(this.functions)) {
      return;
    }
    const focused = document.activeElement;
    const name = this.node.contains(focused) ? focused?.getAttribute('data-name') : null;
    this.functions = functions;
    if (!functions.some(f => f.name === this.chosen)) {
      this.chosen = functions.at(-1)?.name ?? null;
    }
    this.list.replaceChildren(...functions.map(f => this.choice(f)));
    this.fill();
    if (name) {
      this.whole.querySelector<HTMLElement>(`[data-name="${CSS.escape(name)}"]`)?.focus();
    }
  }

  /** Forget what was shown: there may be other functions of the same names. */
  reset(): void {
    this.functions = [];
    this.whole.open = true;
    this.summary.textContent = this.trans.__('Choose a function');
  }

  focus(): void {
    const first = this.whole.hidden ? 'button' : 'input:checked, summary';
    this.node.querySelector<HTMLElement>(first)?.focus();
  }

  private message(message: Message): HTMLElement {
    const { trans } = this;
    const { fix, action } = message;
    const buttons: HTMLElement[] = [];
    const button = (words: string, onclick: () => void) =>
      element('button', { type: 'button', class: 'jp-mod-styled', onclick }, words);
    if (fix !== undefined) {
      buttons.push(button(trans.__('Copy'), () => void copyText(fix.code)));
    }
    if (action === 'retry') {
      buttons.push(button(trans.__('Try again'), () => this.actions.refresh()));
    }
    if (action === 'choose-kernel') {
      buttons.push(button(trans.__('Choose a kernel'), () => this.actions.chooseKernel()));
    }
    return element(
      'div',
      {
        class: message.alert ? 'qgrad-message qgrad-alert' : 'qgrad-message',
        role: message.alert ? 'alert' : 'status'
      },
      element('p', {}, message.text),
      fix === undefined ? null : element('p', {}, fix.where),
      fix === undefined ? null : element('pre', {}, fix.code),
      buttons.length > 0 ? element('div', { class: 'qgrad-buttons' }, ...buttons) : null
    );
  }

  private choice(f: KernelFunction): HTMLElement {
    const { trans } = this;
    const kinds: Record<string, string> = {
      qnode: trans.__('QNode'),
      compiled: trans.__('compiled'),
      function: trans.__('function')
    };
    const input = element('input', {
      type: 'radio',
      name: this.group,
      value: f.name,
      'data-name': `f:${f.name}`,
      checked: f.name === this.chosen,
      onchange: () => {
        this.chosen = f.name;
        this.fill();
      }
    });
    return element(
      'label',
      { class: 'qgrad-function' },
      input,
      element('code', {}, element('b', {}, f.name), f.signature),
      element('span', { class: 'qgrad-kind' }, kinds[f.kind] ?? f.kind),
      element('span', { class: 'qgrad-summary' }, f.summary ?? '')
    );
  }

  /** The fields of the function that is chosen. */
  private fill(): void {
    const f = this.functions.find(found => found.name === this.chosen);
    this.legend.textContent = f === undefined ? '' : this.trans.__('Arguments of %1', f.name);
    this.form.replaceChildren(...(f === undefined ? [] : fields(f).map(at => this.field(f, at))));
  }

  private field(f: KernelFunction, field: Field): HTMLElement {
    const values = this.values(f);
    const value = values.get(field.name) ?? field.value;
    values.set(field.name, value);
    const input = element('input', {
      type: 'text',
      class: 'jp-mod-styled',
      value,
      placeholder: field.placeholder,
      spellcheck: 'false',
      autocomplete: 'off',
      'data-name': `${f.name}:${field.name}`,
      'aria-required': String(field.required),
      oninput: () => {
        values.set(field.name, input.value);
        input.removeAttribute('aria-invalid');
      }
    });
    const label = field.label === '' ? this.trans.__('arguments') : field.label;
    return element('label', {}, element('code', {}, label), input);
  }

  private values(f: KernelFunction): Map<string, string> {
    const found = this.typed.get(f.name) ?? new Map<string, string>();
    this.typed.set(f.name, found);
    return found;
  }

  private submit(): void {
    const f = this.functions.find(found => found.name === this.chosen);
    if (f === undefined) {
      return;
    }
    const found = call(f, this.values(f));
    if (!found.ok) {
      const name = CSS.escape(`${f.name}:${found.missing}`);
      const input = this.form.querySelector<HTMLElement>(`[data-name="${name}"]`);
      input?.setAttribute('aria-invalid', 'true');
      input?.focus();
      this.say(this.trans.__('✗ Give a value for %1.', found.missing));
      return;
    }
    this.say(null);
    this.summary.textContent = `${f.name}(${found.text})`;
    this.whole.open = false;
    this.actions.open(f.name, found.text);
  }
}
