import { languageOf, NUMBER, OPERATOR, PUNCTUATION, words } from './rules';

const KEYWORDS = words(`and as assert async await break class continue def del elif else except
  finally for from global if import in is lambda nonlocal not or pass raise return try while with
  yield match case`);

/** The user's code, as far as colours go. */
export const python = languageOf(
  [
    [/^#.*/, 'comment'],
    [/^@[A-Za-z_][\w.]*/, 'meta'],
    [/^[rbfuRBFU]{0,2}"(?:[^"\\]|\\.)*"?/, 'string'],
    [/^[rbfuRBFU]{0,2}'(?:[^'\\]|\\.)*'?/, 'string'],
    [KEYWORDS, 'keyword'],
    [words('True False None'), 'bool'],
    NUMBER,
    [/^[A-Za-z_]\w*(?=\s*\()/, 'variableName.function'],
    [/^[A-Za-z_]\w*/, 'variableName'],
    OPERATOR,
    PUNCTUATION
  ],
  { quotes: ['"""', "'''"] }
);
