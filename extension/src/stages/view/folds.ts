/**
 * Which lines can be folded: for each line, from 0, the last line of what it opens, or 0.
 *
 * Found once for the whole text, in one pass: an editor asks for every line that it shows, at every
 * step of scrolling.
 */
export type FoldEnds = Int32Array;

/** How the blocks of a language are written. */
export type Blocks = 'braces' | 'indentation' | 'labels';

export function foldEnds(lines: readonly string[], blocks: Blocks): FoldEnds {
  switch (blocks) {
    case 'braces':
      return byBraces(lines);
    case 'indentation':
      return byIndentation(lines);
    case 'labels':
      return byLabels(lines);
  }
}

/** From a line that ends with an opening bracket to that before the one that closes it. */
function byBraces(lines: readonly string[]): FoldEnds {
  const ends = new Int32Array(lines.length);
  const open: number[] = [];
  lines.forEach((line, number) => {
    // A bracket may be closed and another opened, as in `} else {`.
    if (/^\s*[})\]]/.test(line)) {
      const start = open.pop();
      if (start !== undefined && number - 1 > start) {
        ends[start] = number - 1;
      }
    }
    if (/[{([]\s*(?:[;#/].*)?$/.test(line)) {
      open.push(number);
    }
  });
  return ends;
}

/** From a line to the last of those below it that are indented more. */
function byIndentation(lines: readonly string[]): FoldEnds {
  const ends = new Int32Array(lines.length);
  const open: { number: number; indent: number }[] = [];
  let last = -1; // that is not blank
  const close = (indent: number) => {
    while (open.length && open[open.length - 1]!.indent >= indent) {
      const { number } = open.pop()!;
      ends[number] = last > number ? last : 0;
    }
  };
  lines.forEach((line, number) => {
    const indent = line.search(/\S/);
    if (indent >= 0) {
      close(indent);
      open.push({ number, indent });
      last = number;
    }
  });
  close(-1);
  return ends;
}

/** From a label at the beginning of a line to the line before the next one, or a blank line. */
function byLabels(lines: readonly string[]): FoldEnds {
  const ends = new Int32Array(lines.length);
  let start = -1;
  const close = (number: number) => {
    if (start >= 0 && number - 1 > start) {
      ends[start] = number - 1;
    }
    start = -1;
  };
  lines.forEach((line, number) => {
    if (/^[^\s;#].*:/.test(line)) {
      close(number);
      start = number;
    } else if (!line.trim()) {
      close(number);
    }
  });
  close(lines.length);
  return ends;
}
