import { StreamLanguage, type StringStream } from '@codemirror/language';

/** What matches at the place where the tokenizer is, and the name of its highlighting tag. */
export type Rule = readonly [pattern: RegExp, tag: string | null];

/** What a token is, in a text with a state that a line may leave to the next one. */
interface State {
  /** The end of the string that is open across lines; empty outside of one. */
  quote: string;
}

interface Options {
  /** Delimiters of strings that may extend over lines. */
  quotes?: readonly string[];
}

/** The language whose tokens are what the first matching rule says. */
export function languageOf(
  rules: readonly Rule[],
  { quotes = [] }: Options = {}
): StreamLanguage<State> {
  return StreamLanguage.define<State>({
    startState: () => ({ quote: '' }),
    copyState: state => ({ ...state }),
    token: (stream, state) => nextToken(stream, state, rules, quotes),
    languageData: {}
  });
}

function nextToken(
  stream: StringStream,
  state: State,
  rules: readonly Rule[],
  quotes: readonly string[]
): string | null {
  if (state.quote) {
    return restOfString(stream, state);
  }
  if (stream.eatSpace()) {
    return null;
  }
  const quote = quotes.find(mark => stream.match(mark));
  if (quote) {
    state.quote = quote;
    return restOfString(stream, state);
  }
  for (const [pattern, tag] of rules) {
    if (stream.match(pattern)) {
      return tag;
    }
  }
  stream.next();
  return null;
}

function restOfString(stream: StringStream, state: State): string {
  const end = stream.string.indexOf(state.quote, stream.pos);
  if (end < 0) {
    stream.skipToEnd();
  } else {
    stream.pos = end + state.quote.length;
    state.quote = '';
  }
  return 'string';
}

/** A rule's pattern for any of the words, which must end where it does. */
export function words(list: string): RegExp {
  return new RegExp(`^(?:${list.trim().split(/\s+/).join('|')})(?![\\w.])`);
}

export const NUMBER: Rule = [
  /^[-+]?(?:0x[0-9a-fA-F]+|(?:\d[\d_]*\.?\d*|\.\d+)(?:[eE][-+]?\d+)?j?)(?![A-Za-z_])/,
  'number'
];
export const STRING: Rule = [/^"(?:[^"\\]|\\.)*"?/, 'string'];
export const OPERATOR: Rule = [/^(?:->|[-+*/%@=<>!&|^~:]+)/, 'operator'];
export const PUNCTUATION: Rule = [/^[()[\]{},;.]/, 'punctuation'];
