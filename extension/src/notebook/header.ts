import { DEFAULT_METHODS, STEPPED } from '../generated/methods';
import type { Defaults } from '../settings/defaults';

export const MAGIC = '%%qgrad';

/** What to do with a cell: replace a part of its source, or nothing, for a reason. */
export type Edit =
  | {
      readonly kind: 'converted' | 'updated' | 'empty';
      /** The part of the source that is replaced. */
      readonly start: number;
      readonly end: number;
      readonly text: string;
    }
  | { readonly kind: 'unchanged' }
  | { readonly kind: 'other-magic'; readonly magic: string }
  | { readonly kind: 'line-magic' };

/** How to have a cell differentiate its last line with the defaults. */
export function edit(source: string, defaults: Defaults): Edit {
  const blank = /^(?:[^\S\n]*\n)*/.exec(source)?.[0].length ?? 0;
  const first = source.slice(blank).split('\n', 1)[0] ?? '';
  const magic = /^%%[^\s(]*/.exec(first)?.[0];
  if (magic === MAGIC) {
    const text = header(defaults, kept(words(first.slice(MAGIC.length))));
    if (text === first.trimEnd()) {
      return { kind: 'unchanged' };
    }
    return { kind: 'updated', start: blank, end: blank + first.length, text };
  }
  if (magic !== undefined) {
    return { kind: 'other-magic', magic };
  }
  const lines = source.trimEnd().split('\n');
  if (/^\s*%qgrad(\s|$)/.test(lines.at(-1) ?? '')) {
    return { kind: 'line-magic' };
  }
  // IPython passes over empty lines above a magic, and people do not.
  return {
    kind: source.trim() === '' ? 'empty' : 'converted',
    start: 0,
    end: blank,
    text: `${header(defaults, [])}\n`
  };
}

/** The line of a `%%qgrad` cell, with other options behind those of the defaults. */
export function header(defaults: Defaults, others: readonly string[]): string {
  const { methods, h, reference, irStage, showIr, plot, theme } = defaults;
  const parts: string[] = [];
  if (methods.join() !== DEFAULT_METHODS.join()) {
    parts.push('--method', ...methods);
  }
  if (h.length > 0 && methods.some(name => STEPPED.includes(name))) {
    parts.push('--h', ...h.map(step => step.toExponential()));
  }
  if (reference !== 'jax') {
    parts.push('--reference', reference);
  }
  if (showIr) {
    parts.push('--ir', irStage);
  }
  if (plot) {
    parts.push('--plot', ...(theme === 'auto' ? [] : ['--theme', theme]));
  }
  return [MAGIC, ...parts, ...others].join(' ');
}

/** Options that come from the defaults: how they may be written, and whether they have values. */
const MANAGED: readonly [RegExp, boolean][] = [
  [/^(-m|--m(e(t(h(od?)?)?)?)?(=|$))/, true],
  [/^--h(=|$)/, true],
  [/^(-r|--r(e(f(e(r(e(n(ce?)?)?)?)?)?)?)?(=|$))/, true],
  [/^--ir?(=|$)/, true],
  [/^--t(h(e(me?)?)?)?(=|$)/, true],
  [/^--p(l(ot?)?)?$/, false]
];

/** The words of a line that are not about the defaults: which arguments, which variable. */
export function kept(line: readonly string[]): string[] {
  const found: string[] = [];
  let dropping = false;
  for (const word of line) {
    if (/^-[^\d.\s]/.test(word)) {
      const option = MANAGED.find(([form]) => form.test(word));
      dropping = option?.[1] ?? false;
      if (option === undefined) {
        found.push(word);
      }
    } else if (!dropping) {
      found.push(word);
    }
  }
  return found;
}

/** The words of a line; what is in quotation marks is one, with them. */
export function words(line: string): string[] {
  return line.match(/(?:"[^"]*"|'[^']*'|[^\s"']|["'])+/g) ?? [];
}

/** Whether a cell loads the magics. */
export function loads(source: string): boolean {
  return /^\s*%(re)?load_ext\s+(\S+\s+)*qgrad_lab\b/m.test(source);
}

/** Whether a cell needs the magics. */
export function needs(source: string): boolean {
  return /^\s*(%%qgrad|%qgrad|%qgrad_ir)(\s|$)/m.test(source);
}
