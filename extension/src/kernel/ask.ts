import type { Kernel, KernelMessage } from '@jupyterlab/services';

/** What an expression is in a kernel: its text, or the error that it raised. */
export type Answer =
  | { readonly ok: true; readonly text: string }
  | { readonly ok: false; readonly name: string; readonly message: string };

/**
 * Evaluate expressions in a Python kernel, without a trace: nothing is counted, stored or shown.
 *
 * An answer is Python's `repr` of the value. The promise is rejected if the kernel goes away.
 */
export async function ask<K extends string>(
  kernel: Kernel.IKernelConnection,
  expressions: Record<K, string>
): Promise<Record<K, Answer>> {
  const future = kernel.requestExecute({
    code: '',
    silent: true,
    store_history: false,
    allow_stdin: false,
    user_expressions: expressions
  });
  const reply = await future.done;
  return answers(reply.content, Object.keys(expressions) as K[]);
}

/** The answers in a reply. */
export function answers<K extends string>(
  content: KernelMessage.IExecuteReplyMsg['content'],
  names: readonly K[]
): Record<K, Answer> {
  const given = 'user_expressions' in content ? content.user_expressions : {};
  return Object.fromEntries(names.map(name => [name, answer(given[name], content)])) as Record<
    K,
    Answer
  >;
}

function answer(given: unknown, reply: unknown): Answer {
  const found = (given ?? reply) as {
    status?: string;
    data?: Record<string, unknown>;
    ename?: string;
    evalue?: string;
  };
  const text = found.data?.['text/plain'];
  if (found.status === 'ok' && typeof text === 'string') {
    return { ok: true, text };
  }
  return { ok: false, name: found.ename ?? 'Error', message: found.evalue ?? 'no answer' };
}

/** The text that a `repr` of a Python `str` is of, if it is one of printable ASCII. */
export function unquoted(repr: string): string | null {
  const found = /^(['"])([\s\S]*)\1$/.exec(repr.trim());
  return found === null ? null : (found[2] ?? '').replace(/\\(['"\\])/g, '$1');
}

/** A text as a literal of Python. */
export function quoted(text: string): string {
  // The escapes of JSON mean the same in Python.
  return JSON.stringify(text);
}

/** A name in a module of Python, imported without adding a name to the notebook's. */
export function imported(module: string, name: string): string {
  return `__import__(${quoted(module)}, fromlist=[${quoted(name)}]).${name}`;
}

/** Whether a kernel runs Python; also if it does not say. */
export async function isPython(kernel: Kernel.IKernelConnection): Promise<boolean> {
  const spec = await kernel.spec;
  return spec === undefined || spec.language.toLowerCase() === 'python';
}
