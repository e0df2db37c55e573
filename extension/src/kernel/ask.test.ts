import type { KernelMessage } from '@jupyterlab/services';
import { expect, test } from 'vitest';
import { answers, imported, quoted, unquoted } from './ask';

type Content = KernelMessage.IExecuteReplyMsg['content'];

test('answers of expressions', () => {
  const content = {
    status: 'ok',
    user_expressions: {
      good: { status: 'ok', data: { 'text/plain': "'x'" }, metadata: {} },
      bad: { status: 'error', ename: 'KeyError', evalue: 'x', traceback: [] }
    }
  } as unknown as Content;
  expect(answers(content, ['good', 'bad', 'lost'])).toEqual({
    good: { ok: true, text: "'x'" },
    bad: { ok: false, name: 'KeyError', message: 'x' },
    lost: { ok: false, name: 'Error', message: 'no answer' }
  });
});

test('a request that was given up has that as its answer', () => {
  const content = { status: 'error', ename: 'Gone', evalue: 'restarted' } as unknown as Content;
  expect(answers(content, ['one']).one).toEqual({ ok: false, name: 'Gone', message: 'restarted' });
  expect(answers({ status: 'abort' } as unknown as Content, ['one']).one.ok).toBe(false);
});

test('strings of Python', () => {
  expect(unquoted(`'{"a": "it\\'s", "b": "\\\\u00b5 \\\\n"}'`)).toBe(
    `{"a": "it's", "b": "\\u00b5 \\n"}`
  );
  expect(unquoted('"it\'s"')).toBe("it's");
  expect(unquoted('None')).toBeNull();
  expect(quoted('a"\n\\')).toBe('"a\\"\\n\\\\"');
  expect(imported('a.b', 'c')).toBe('__import__("a.b", fromlist=["c"]).c');
});
