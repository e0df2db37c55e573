/** `count` lines from `fromA` were replaced by those from `fromB`; line numbers from 0. */
export interface LineChange {
  fromA: number;
  toA: number;
  fromB: number;
  toB: number;
}

/** Of Myers' algorithm, between two lines that are certainly the same. */
const MOST_EDITS = 400;

/**
 * How lines `b` differ from lines `a`.
 *
 * Lines that occur once in each and in the same order divide the texts, and what is between two of
 * them is compared by Myers' algorithm. The time grows as the lengths do, not as their product: a
 * part that takes more than a fixed number of edits counts as changed entirely.
 */
export function diffLines(a: readonly string[], b: readonly string[]): LineChange[] {
  const changes: LineChange[] = [];
  const [codesA, codesB] = coded(a, b);
  compare(codesA, codesB, 0, a.length, 0, b.length, changes);
  return joined(changes);
}

/** Texts as numbers, for faster comparison. */
function coded(a: readonly string[], b: readonly string[]): [Int32Array, Int32Array] {
  const codes = new Map<string, number>();
  const code = (line: string) => {
    let found = codes.get(line);
    if (found === undefined) {
      found = codes.size;
      codes.set(line, found);
    }
    return found;
  };
  return [Int32Array.from(a, code), Int32Array.from(b, code)];
}

function compare(
  a: Int32Array,
  b: Int32Array,
  fromA: number,
  toA: number,
  fromB: number,
  toB: number,
  changes: LineChange[]
): void {
  while (fromA < toA && fromB < toB && a[fromA] === b[fromB]) {
    fromA += 1;
    fromB += 1;
  }
  while (fromA < toA && fromB < toB && a[toA - 1] === b[toB - 1]) {
    toA -= 1;
    toB -= 1;
  }
  if (fromA === toA || fromB === toB) {
    if (fromA < toA || fromB < toB) {
      changes.push({ fromA, toA, fromB, toB });
    }
    return;
  }
  const anchors = uniqueInBoth(a, b, fromA, toA, fromB, toB);
  if (!anchors.length) {
    changes.push(...myers(a, b, fromA, toA, fromB, toB));
    return;
  }
  for (const [atA, atB] of anchors) {
    // An anchor may have been used up as the beginning of what follows the one before it.
    if (atA >= fromA && atB >= fromB) {
      compare(a, b, fromA, atA, fromB, atB, changes);
      [fromA, fromB] = [atA + 1, atB + 1];
    }
  }
  compare(a, b, fromA, toA, fromB, toB, changes);
}

/** Pairs of equal lines that are there once on each side, as many as are in the same order. */
function uniqueInBoth(
  a: Int32Array,
  b: Int32Array,
  fromA: number,
  toA: number,
  fromB: number,
  toB: number
): [number, number][] {
  const once = (codes: Int32Array, from: number, to: number) => {
    const at = new Map<number, number>();
    for (let index = from; index < to; index += 1) {
      const code = codes[index]!;
      at.set(code, at.has(code) ? -1 : index);
    }
    return at;
  };
  const inB = once(b, fromB, toB);
  const pairs: [number, number][] = [];
  for (const [code, atA] of once(a, fromA, toA)) {
    const atB = inB.get(code) ?? -1;
    if (atA >= 0 && atB >= 0) {
      pairs.push([atA, atB]);
    }
  }
  return increasing(pairs.sort((x, y) => x[0] - y[0]));
}

/** The longest subsequence of which the second members increase: by patience sorting. */
function increasing(pairs: readonly [number, number][]): [number, number][] {
  const tops: number[] = []; // of the piles, as indices of pairs
  const before = new Int32Array(pairs.length).fill(-1);
  pairs.forEach(([, atB], index) => {
    let [low, high] = [0, tops.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (pairs[tops[middle]!]![1] < atB) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    before[index] = low ? tops[low - 1]! : -1;
    tops[low] = index;
  });
  const found: [number, number][] = [];
  for (let index = tops.at(-1) ?? -1; index >= 0; index = before[index]!) {
    found.push(pairs[index]!);
  }
  return found.reverse();
}

/** E. W. Myers, An O(ND) Difference Algorithm and Its Variations, Algorithmica 1 (1986). */
function myers(
  a: Int32Array,
  b: Int32Array,
  fromA: number,
  toA: number,
  fromB: number,
  toB: number
): LineChange[] {
  const [sizeA, sizeB] = [toA - fromA, toB - fromB];
  const most = Math.min(sizeA + sizeB, MOST_EDITS);
  const middle = most + 1;
  const reached = new Int32Array(2 * most + 3);
  const history: Int32Array[] = [];
  for (let edits = 0; edits <= most; edits += 1) {
    history.push(reached.slice());
    for (let diagonal = -edits; diagonal <= edits; diagonal += 2) {
      const [below, above] = [reached[middle + diagonal - 1]!, reached[middle + diagonal + 1]!];
      const down = diagonal === -edits || (diagonal !== edits && below < above);
      let x = down ? above : below + 1;
      let y = x - diagonal;
      while (x < sizeA && y < sizeB && a[fromA + x] === b[fromB + y]) {
        x += 1;
        y += 1;
      }
      reached[middle + diagonal] = x;
      if (x >= sizeA && y >= sizeB) {
        return steps(history, middle, sizeA, sizeB).map(change => ({
          fromA: fromA + change.fromA,
          toA: fromA + change.toA,
          fromB: fromB + change.fromB,
          toB: fromB + change.toB
        }));
      }
    }
  }
  return [{ fromA, toA, fromB, toB }];
}

/** The way back through what was reached: single insertions and deletions, in order. */
function steps(history: readonly Int32Array[], middle: number, x: number, y: number): LineChange[] {
  const changes: LineChange[] = [];
  for (let edits = history.length - 1; edits > 0; edits -= 1) {
    const reached = history[edits]!;
    const diagonal = x - y;
    const [below, above] = [reached[middle + diagonal - 1]!, reached[middle + diagonal + 1]!];
    const down = diagonal === -edits || (diagonal !== edits && below < above);
    const beforeX = down ? above : below;
    const beforeY = beforeX - (down ? diagonal + 1 : diagonal - 1);
    changes.push({
      fromA: beforeX,
      toA: beforeX + (down ? 0 : 1),
      fromB: beforeY,
      toB: beforeY + (down ? 1 : 0)
    });
    [x, y] = [beforeX, beforeY];
  }
  return changes.reverse();
}

/** Adjacent changes as one. */
function joined(changes: readonly LineChange[]): LineChange[] {
  const found: LineChange[] = [];
  for (const change of changes) {
    const last = found.at(-1);
    if (last && last.toA === change.fromA && last.toB === change.fromB) {
      last.toA = change.toA;
      last.toB = change.toB;
    } else {
      found.push({ ...change });
    }
  }
  return found;
}
