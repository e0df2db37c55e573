import { languageOf, NUMBER, OPERATOR, PUNCTUATION, STRING, words } from './rules';

const TYPE = /^(?:bool|bf16|[fuisc]\d+|key<\w+>|(?:float|u?int|complex)\d+)(?=[[{\s])/;

export const jaxpr = languageOf([
  [/^#.*/, 'comment'],
  [words('lambda let in None True False'), 'keyword'],
  [TYPE, 'typeName'],
  STRING,
  [/^'[^']*'?/, 'string'],
  NUMBER,
  // An operation begins after its results; its parameters have names and values.
  [/^[A-Za-z_]\w*(?==)/, 'propertyName'],
  [/^[a-z_]{1,3}(?=:[a-z])/, 'variableName.definition'],
  [/^[a-z]{1,2}(?![\w[(])/, 'variableName'],
  [/^[A-Za-z_][\w-]*/, 'variableName.function'],
  OPERATOR,
  PUNCTUATION
]);

export const mlir = languageOf([
  [/^\/\/.*/, 'comment'],
  STRING,
  [/^%[\w$.#-]+/, 'variableName'],
  [/^@[\w$.-]+/, 'variableName.definition'],
  [/^[#^!][\w$.-]+/, 'labelName'],
  [/^(?:tensor|vector|memref|tuple|complex)(?=<)/, 'typeName'],
  [/^(?:\d+x|\?x)+(?:tensor|complex|[bfisu]+\d+)?/, 'typeName'],
  [/^(?:[fiu]|si|ui|bf)\d+(?!\w)/, 'typeName'],
  [
    words(
      'module func.func func.return func.call return public private attributes dense true false loc'
    ),
    'keyword'
  ],
  [/^[a-z_]\w*\.[\w.]+/, 'variableName.function'],
  [/^[A-Za-z_][\w.]*(?=\s*[=:])/, 'propertyName'],
  NUMBER,
  [/^[A-Za-z_]\w*/, null],
  OPERATOR,
  PUNCTUATION
]);

export const hlo = languageOf([
  [/^\/\/.*/, 'comment'],
  STRING,
  [words('HloModule ENTRY ROOT true false'), 'keyword'],
  [/^%[\w.-]+/, 'variableName'],
  [/^(?:pred|token|bf16|[fsuc]\d+\w*)(?=\[)/, 'typeName'],
  [/^[A-Za-z_][\w-]*(?==)/, 'propertyName'],
  [/^[a-z][\w-]*(?=\()/, 'variableName.function'],
  NUMBER,
  [/^[A-Za-z_][\w.-]*/, null],
  OPERATOR,
  PUNCTUATION
]);
