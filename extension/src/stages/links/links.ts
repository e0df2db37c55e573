import type { Call, Place } from '../bundle';

/** Lines of a stage in ascending order, from 1. */
export type Lines = readonly number[];

/** For each of the places that a line comes from, the innermost first, a key. */
export type Chain = readonly string[];

const NONE: Lines = [];

export function placeKey(place: Place): string {
  return `${place.file}\n${place.line}`;
}

/** Which lines of one stage come from which lines of the user's. */
export class StageLinks {
  private readonly byPlace = new Map<string, number[]>();

  /**
   * @param lines - For lines of the stage, where they come from, the innermost first.
   * @param calls - Lines that are one circuit, and where it is called.
   */
  constructor(
    private readonly lines: ReadonlyMap<number, readonly Place[]>,
    private readonly calls: readonly Call[] = []
  ) {
    for (const [line, places] of lines) {
      for (const place of places) {
        this.add(placeKey(place), line);
      }
    }
    for (const found of this.byPlace.values()) {
      found.sort((a, b) => a - b);
    }
  }

  private add(key: string, line: number): void {
    const found = this.byPlace.get(key);
    if (!found) {
      this.byPlace.set(key, [line]);
    } else if (found[found.length - 1] !== line) {
      found.push(line);
    }
  }

  /** Where a line comes from: its own places, and then those that call its circuit. */
  chain(line: number): Place[] {
    const outer = this.calls.filter(call => call.first <= line && line <= call.last);
    return [...(this.lines.get(line) ?? []), ...outer.flatMap(call => call.places)];
  }

  /**
   * The lines that belong to a place in the user's code.
   *
   * Those are the ones that come from the first place of the chain that any comes from: a gate and
   * the call of its circuit are both in the chain, and most stages know of the call alone.
   */
  matching(chain: Chain): Lines {
    for (const key of chain) {
      const own = this.byPlace.get(key);
      if (own) {
        return own;
      }
      const called = this.calls.filter(call => call.places.some(place => placeKey(place) === key));
      if (called.length) {
        return called.flatMap(({ first, last }) =>
          Array.from({ length: last - first + 1 }, (_, index) => first + index)
        );
      }
    }
    return NONE;
  }
}

/** Which of ascending `lines` are from `first` to `last`: found in logarithmic time. */
export function within(lines: Lines, first: number, last: number): Lines {
  return lines.slice(lowerBound(lines, first), lowerBound(lines, last + 1));
}

/** The one of ascending `lines` that is nearest to `line`. */
export function nearest(lines: Lines, line: number): number | undefined {
  const index = lowerBound(lines, line);
  const [before, after] = [lines[index - 1], lines[index]];
  if (before === undefined || after === undefined) {
    return before ?? after;
  }
  return line - before < after - line ? before : after;
}

function lowerBound(lines: Lines, line: number): number {
  let [low, high] = [0, lines.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (lines[middle]! < line) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}
