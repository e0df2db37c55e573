import { languageOf, NUMBER, OPERATOR, PUNCTUATION, words } from './rules';

const KEYWORDS = words(`program on wires wire return adjoint control repeat for times in if else
  switch case pass over slice slices of amplitudes estimated value gradient measure`);

/** The instructions of a circuit, and how the native library evaluates them. */
export const program = languageOf([
  [/^[#;].*/, 'comment'],
  [KEYWORDS, 'keyword'],
  [/^(?:theta|index|data)(?!\w)/, 'variableName'],
  [/^(?:[fic](?:16|32|64|128))(?!\w)/, 'typeName'],
  [
    /^(?:expval|var|probs|state|density_matrix|purity|vn_entropy|mutual_info|sample|counts)(?!\w)/,
    'variableName.standard'
  ],
  NUMBER,
  [/^[A-Z]\w*(?=\()/, 'variableName.function'],
  [/^[A-Z][A-Za-z]*\d*(?!\w)/, 'variableName.function'],
  [/^[A-Za-z_]\w*(?=\()/, 'variableName.definition'],
  [/^[A-Za-z_]\w*/, null],
  OPERATOR,
  PUNCTUATION
]);

/** A circuit, drawn: gates, not their wires, are what is looked for. */
export const circuit = languageOf([
  [/^[─│╭├╰╮╯┤┬┴┼━═]+/, 'meta'],
  [/^\d+:/, 'number'],
  [/^return(?!\w)/, 'keyword'],
  [/^[A-Za-z_]\w*:$/, 'variableName.definition'],
  [/^[A-Z]\w*/, 'variableName.function'],
  [/^(?:theta|index|data)(?!\w)/, 'variableName'],
  [/^[A-Za-z_]\w*/, null],
  NUMBER
]);
