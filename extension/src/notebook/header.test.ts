import { expect, test } from 'vitest';
import { FALLBACK, type Defaults } from '../settings/defaults';
import { edit, kept, loads, needs, words } from './header';

/** The source after an edit. */
function edited(source: string, changes: Partial<Defaults> = {}): string {
  const found = edit(source, { ...FALLBACK, plot: false, ...changes });
  if (!('text' in found)) {
    throw new Error(found.kind);
  }
  return source.slice(0, found.start) + found.text + source.slice(found.end);
}

test('a cell gets the line of the magic', () => {
  expect(edited('loss(theta)')).toBe('%%qgrad\nloss(theta)');
  expect(edited('\n  \nloss(theta)\n')).toBe('%%qgrad\nloss(theta)\n');
  expect(edit('loss(theta)', FALLBACK)).toEqual({
    kind: 'converted',
    start: 0,
    end: 0,
    text: '%%qgrad --plot\n'
  });
});

test('only settings that differ from the kernel are written', () => {
  const all = {
    methods: ['auto', 'fd', 'adjoint'],
    h: [1e-3, 2.5e-7],
    reference: 'none',
    irStage: 'hlo',
    showIr: true,
    plot: true,
    theme: 'dark'
  };
  expect(edited('f(x)', all)).toBe(
    '%%qgrad --method auto fd adjoint --h 1e-3 2.5e-7 --reference none --ir hlo ' +
      '--plot --theme dark\nf(x)'
  );
  expect(edited('f(x)', { methods: ['auto'], h: [0.1] })).toBe('%%qgrad --method auto\nf(x)');
  expect(edited('f(x)', { theme: 'dark' })).toBe('%%qgrad\nf(x)');
  expect(edited('f(x)', { plot: true, theme: 'auto' })).toBe('%%qgrad --plot\nf(x)');
});

test('an empty cell gets the line, and is known to be empty', () => {
  expect(edit(' \n', FALLBACK).kind).toBe('empty');
  expect(edited('')).toBe('%%qgrad\n');
});

test('the options of a cell that has the magic are replaced, others are kept', () => {
  const source = '\n%%qgrad -m adjoint --h 1e-3 -a 0 -1 --plot -o found\nf(x)';
  const found = edit(source, { ...FALLBACK, methods: ['fd'], h: [0.01] });
  expect(found.kind).toBe('updated');
  expect(edited(source, { methods: ['fd'], h: [0.01] })).toBe(
    '\n%%qgrad --method fd --h 1e-2 -a 0 -1 -o found\nf(x)'
  );
  expect(edited('%%qgrad --theme dark --plot')).toBe('%%qgrad');
});

test('nothing is done twice', () => {
  const once = edited('f(x)', { plot: true, methods: ['auto', 'adjoint'] });
  expect(edit(once, { ...FALLBACK, methods: ['auto', 'adjoint'] })).toEqual({ kind: 'unchanged' });
  expect(edit('%%qgrad  \nf(x)', { ...FALLBACK, plot: false })).toEqual({ kind: 'unchanged' });
});

test('cells of other magics are left alone', () => {
  expect(edit('%%timeit -n 3\nf(x)', FALLBACK)).toEqual({ kind: 'other-magic', magic: '%%timeit' });
  expect(edit('\n%%qgrad_ir\nf(x)', FALLBACK)).toEqual({
    kind: 'other-magic',
    magic: '%%qgrad_ir'
  });
  expect(edit('a = 1\n%qgrad -m fd f(x)\n', FALLBACK)).toEqual({ kind: 'line-magic' });
  expect(edited('%load_ext qgrad_lab\nf(x)')).toBe('%%qgrad\n%load_ext qgrad_lab\nf(x)');
  expect(edited('x = 5 %%2')).toBe('%%qgrad\nx = 5 %%2');
});

test('words and options', () => {
  expect(words(' --at "theta, 0.3" -f  loss ')).toEqual(['--at', '"theta, 0.3"', '-f', 'loss']);
  expect(words("--at 'it is open")).toEqual(['--at', "'it", 'is', 'open']);
  expect(kept(words('--meth=auto -mfd --ref jax -rnone -r jax --ir hlo --pl -q'))).toEqual(['-q']);
  expect(kept(words('--at theta, 0.3, -1 -f loss --h 1 2 -o h'))).toEqual(
    words('--at theta, 0.3, -1 -f loss -o h')
  );
  expect(kept(words('-a -1 --method fd'))).toEqual(['-a', '-1']);
});

test('cells that load the magics, and that need them', () => {
  expect(loads('import x\n%load_ext qgrad_lab')).toBe(true);
  expect(loads('%reload_ext qgrad_lab  # magics')).toBe(true);
  expect(loads('# %load_ext qgrad_lab')).toBe(false);
  expect(loads('%load_ext qgrad_lab_other') || loads('%load_ext autoreload')).toBe(false);
  expect(needs('%%qgrad\nf(x)') && needs('a\n%qgrad f(x)') && needs('%qgrad_ir hlo f(x)')).toBe(
    true
  );
  expect(needs('%%qgradient') || needs('%load_ext qgrad_lab')).toBe(false);
});
