import type { Content, Place, Snippet } from '../bundle';

/** The user's code as one text: the source stage, and below it the functions that it calls. */
export function withSnippets(
  source: Content,
  snippets: readonly Snippet[],
  title: (snippet: Snippet) => string
): Content {
  const texts = source.text ? [source.text.replace(/\n+$/, '')] : [];
  const lines = new Map(source.lines);
  let last = texts.length ? countLines(texts[0]!) : 0;
  for (const snippet of snippets) {
    const head = `# ${title(snippet)}`;
    texts.push(...(texts.length ? ['', head] : [head]), snippet.text);
    last += texts.length > 2 ? 2 : 1;
    const size = countLines(snippet.text);
    for (let offset = 0; offset < size; offset += 1) {
      const place: Place = { file: snippet.file, line: snippet.first + offset };
      lines.set(last + offset + 1, [place]);
    }
    last += size;
  }
  return { text: texts.join('\n'), lines };
}

/** The name of a file for people; cells have long random ones. */
export function fileName(file: string): string | null {
  if (/ipykernel_\d+/.test(file) || /^<ipython-input/.test(file)) {
    return null;
  }
  return file.replace(/^.*[\\/]/, '');
}

export function countLines(text: string): number {
  let count = 1;
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) {
    count += 1;
  }
  return count;
}
