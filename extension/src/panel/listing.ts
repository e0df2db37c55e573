import type { Answer } from '../kernel/ask';
import { imported, unquoted } from '../kernel/ask';

/** The version of the kernel's side that is known here. */
export const PROTOCOL = 1;

/** What a kernel is asked for: its functions, and the version of its qgrad_lab if it has any. */
export const QUESTIONS = {
  functions: `${imported('qgrad_lab.workbench', 'list_functions')}()`,
  version: '__import__("importlib.metadata").metadata.version("qgrad-lab")'
};

export type ArgumentKind =
  | 'positional-only'
  | 'positional or keyword'
  | 'variadic positional'
  | 'keyword-only'
  | 'variadic keyword';

export interface Argument {
  readonly name: string;
  readonly kind: ArgumentKind;
  /** The text of the default; null where there is none. */
  readonly default: string | null;
  /** Whether the notebook has a variable of this name. */
  readonly defined: boolean;
}

export interface KernelFunction {
  readonly name: string;
  readonly signature: string;
  readonly kind: string;
  readonly summary: string | null;
  /** Null where Python does not know them. */
  readonly arguments: readonly Argument[] | null;
}

/** The functions of a kernel, or why there is no list of them. */
export type Listing =
  | {
      readonly kind: 'functions';
      readonly version: string;
      readonly functions: readonly KernelFunction[];
    }
  | { readonly kind: 'missing' }
  | { readonly kind: 'too-old'; readonly version: string | null }
  | { readonly kind: 'too-new'; readonly version: string }
  | { readonly kind: 'failed'; readonly message: string };

/** What a kernel answered. */
export function listing(answers: Record<keyof typeof QUESTIONS, Answer>): Listing {
  const { functions, version } = answers;
  const known = version.ok ? unquoted(version.text) : null;
  if (functions.ok) {
    return read(unquoted(functions.text), known);
  }
  const { name, message } = functions;
  if (name === 'ModuleNotFoundError' && /'qgrad_lab'/.test(message)) {
    return { kind: 'missing' };
  }
  const lacking = name === 'AttributeError' || name === 'ModuleNotFoundError';
  if (lacking && /qgrad_lab\.workbench|list_functions/.test(message)) {
    return { kind: 'too-old', version: known };
  }
  return { kind: 'failed', message: `${name}: ${message}` };
}

function read(text: string | null, version: string | null): Listing {
  let found: unknown;
  try {
    found = JSON.parse(text ?? '');
  } catch {
    return { kind: 'too-old', version };
  }
  if (!isRecord(found) || typeof found['protocol'] !== 'number') {
    return { kind: 'too-old', version };
  }
  const said = typeof found['version'] === 'string' ? found['version'] : (version ?? '?');
  if (found['protocol'] > PROTOCOL) {
    return { kind: 'too-new', version: said };
  }
  const { functions } = found;
  if (found['protocol'] < PROTOCOL || !Array.isArray(functions) || !functions.every(isFunction)) {
    return { kind: 'too-old', version: said };
  }
  return { kind: 'functions', version: said, functions };
}

function isRecord(data: unknown): data is Record<string, unknown> {
  return typeof data === 'object' && data !== null && !Array.isArray(data);
}

function isFunction(data: unknown): data is KernelFunction {
  return (
    isRecord(data) &&
    ['name', 'signature', 'kind'].every(key => typeof data[key] === 'string') &&
    (data['summary'] === null || typeof data['summary'] === 'string') &&
    (data['arguments'] === null ||
      (Array.isArray(data['arguments']) && data['arguments'].every(isArgument)))
  );
}

function isArgument(data: unknown): data is Argument {
  return (
    isRecord(data) &&
    typeof data['name'] === 'string' &&
    typeof data['kind'] === 'string' &&
    (data['default'] === null || typeof data['default'] === 'string') &&
    typeof data['defined'] === 'boolean'
  );
}
