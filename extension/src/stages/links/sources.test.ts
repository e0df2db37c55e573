import { expect, test } from 'vitest';
import { countLines, fileName, withSnippets } from './sources';

const SOURCE = {
  text: 'def loss():\n    return f()\n',
  lines: new Map([[1, [{ file: 'a.py', line: 9 }]]])
};

test('functions are put below the source, and their lines are known', () => {
  const snippets = [
    { name: 'f', file: 'b.py', first: 3, text: 'def f():\n    return g()' },
    { name: 'g', file: 'c.py', first: 8, text: 'g = 1' }
  ];
  const { text, lines } = withSnippets(SOURCE, snippets, snippet => `in ${snippet.file}`);
  const shown = text.split('\n');
  expect(shown).toEqual([
    'def loss():',
    '    return f()',
    '',
    '# in b.py',
    'def f():',
    '    return g()',
    '',
    '# in c.py',
    'g = 1'
  ]);
  expect(lines.get(1)).toEqual([{ file: 'a.py', line: 9 }]);
  expect(lines.get(5)).toEqual([{ file: 'b.py', line: 3 }]);
  expect(lines.get(6)).toEqual([{ file: 'b.py', line: 4 }]);
  expect(lines.get(9)).toEqual([{ file: 'c.py', line: 8 }]);
  expect(lines.size).toBe(4);
});

test('functions alone', () => {
  const none = { text: '', lines: new Map() };
  const snippets = [{ name: 'f', file: 'b.py', first: 3, text: 'f()' }];
  const { text, lines } = withSnippets(none, snippets, () => 'here');
  expect(text).toBe('# here\nf()');
  expect(lines.get(2)).toEqual([{ file: 'b.py', line: 3 }]);
});

test('names of files', () => {
  expect(fileName('/home/a/loss.py')).toBe('loss.py');
  expect(fileName('C:\\a\\loss.py')).toBe('loss.py');
  expect(fileName('/tmp/ipykernel_31/1234.py')).toBeNull();
  expect(fileName('<ipython-input-3-abc>')).toBeNull();
});

test('lines', () => {
  expect(['', 'a', 'a\n', 'a\nb'].map(countLines)).toEqual([1, 1, 2, 2]);
});
