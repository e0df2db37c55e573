import { STEPPED } from '../generated/methods';
import { imported, quoted } from '../kernel/ask';
import type { Defaults } from '../settings/defaults';
import type { Argument, KernelFunction } from './listing';

/** A field of the form: an argument, or all of them. */
export interface Field {
  readonly name: string;
  readonly label: string;
  readonly required: boolean;
  readonly placeholder: string;
  /** What it holds to begin with. */
  readonly value: string;
}

/** The name of the field that has all arguments, of a function whose arguments are not known. */
const ALL = '';

/** The fields for the arguments of a function. */
export function fields(f: KernelFunction): Field[] {
  if (f.arguments === null) {
    return [{ name: ALL, label: '', required: false, placeholder: '0.5, layers=2', value: '' }];
  }
  return f.arguments.map(argument => {
    const stars = { 'variadic positional': '*', 'variadic keyword': '**' }[argument.kind as string];
    const required = stars === undefined && argument.default === null;
    return {
      name: argument.name,
      label: `${stars ?? ''}${argument.name}`,
      required,
      placeholder: argument.default ?? { '*': '1.0, 2.0', '**': 'name=1.0' }[stars ?? ''] ?? '0.5',
      value: required && argument.defined ? argument.name : ''
    };
  });
}

/** The arguments of a call as text, or the field for which a value is missing. */
export type Call =
  { readonly ok: true; readonly text: string } | { readonly ok: false; readonly missing: string };

/** The arguments of a call with what is in the fields; empty ones keep their default. */
export function call(f: KernelFunction, values: ReadonlyMap<string, string>): Call {
  const given = (name: string) => (values.get(name) ?? '').trim();
  if (f.arguments === null) {
    return { ok: true, text: given(ALL) };
  }
  const parts: string[] = [];
  let byName = false;
  let skipped: Argument | null = null;
  for (const argument of f.arguments) {
    const text = given(argument.name);
    const { kind, name } = argument;
    if (kind === 'variadic positional' || kind === 'variadic keyword') {
      if (text !== '' && kind === 'variadic positional' && skipped !== null) {
        return { ok: false, missing: skipped.name };
      }
      parts.push(...(text === '' ? [] : [text.replace(/,$/, '')]));
      byName ||= kind === 'variadic positional';
      continue;
    }
    if (text === '') {
      if (argument.default === null) {
        return { ok: false, missing: name };
      }
      skipped ??= argument;
      continue;
    }
    if (kind === 'positional-only') {
      if (skipped !== null) {
        return { ok: false, missing: skipped.name };
      }
      parts.push(one(text));
    } else {
      const named = byName || kind === 'keyword-only' || skipped !== null;
      parts.push(named ? `${name}=${one(text)}` : one(text));
    }
  }
  return { ok: true, text: parts.join(', ') };
}

/** An expression that is one argument: `1, 2` is the tuple. */
function one(text: string): string {
  return text.includes(',') ? `(${text})` : text;
}

/** Python that opens the workbench in the kernel. */
export function openCode(
  panel: string,
  name: string,
  argumentsText: string,
  defaults: Defaults
): string {
  const { methods, h, reference, theme } = defaults;
  const step = methods.some(name => STEPPED.includes(name)) ? h[0] : undefined;
  const options = [
    `methods=[${methods.map(quoted).join(', ')}]`,
    `h=${step === undefined ? 'None' : step.toExponential()}`,
    `reference=${reference === 'none' ? 'None' : quoted(reference)}`,
    `theme=${quoted(theme)}`
  ];
  const given = [panel, name, argumentsText].map(quoted).join(', ');
  return `${imported('qgrad_lab.workbench.panel', 'open_workbench')}(${given}, ${options.join(', ')})`;
}

/** An expression of Python that ends the workbench of a panel, where there may be none. */
export function closeExpression(panel: string): string {
  return `${imported('qgrad_lab.workbench.panel', 'close_workbench')}(${quoted(panel)})`;
}
