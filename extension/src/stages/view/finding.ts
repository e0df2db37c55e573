/**
 * Looks for a string in a long text.
 *
 * JavaScript's own search goes through ten megabytes in some milliseconds, where a search letter by
 * letter would keep the page busy for a second.
 */
export class Finder {
  private lower: string | null = null;

  constructor(private readonly text: string) {}

  private haystack(matchCase: boolean): string {
    if (matchCase) {
      return this.text;
    }
    this.lower ??= this.text.toLowerCase();
    // A few letters have another length in lower case: then positions would be wrong.
    return this.lower.length === this.text.length ? this.lower : this.text;
  }

  /** Where the string is next, from a position on, and from the beginning where there is none. */
  next(wanted: string, from: number, matchCase: boolean): number {
    const [haystack, needle] = [this.haystack(matchCase), folded(wanted, matchCase)];
    const found = haystack.indexOf(needle, from);
    return found >= 0 ? found : haystack.indexOf(needle);
  }

  /** Where the string is before a position, and before the end where there is none. */
  previous(wanted: string, from: number, matchCase: boolean): number {
    const [haystack, needle] = [this.haystack(matchCase), folded(wanted, matchCase)];
    const found = from > 0 ? haystack.lastIndexOf(needle, from - 1) : -1;
    return found >= 0 ? found : haystack.lastIndexOf(needle);
  }

  /** How often the string occurs, and which of these is at a position; counted up to `most`. */
  count(wanted: string, at: number, matchCase: boolean, most: number): [total: number, number] {
    const [haystack, needle] = [this.haystack(matchCase), folded(wanted, matchCase)];
    let [total, number] = [0, 0];
    let found = haystack.indexOf(needle);
    while (found >= 0 && total < most) {
      total += 1;
      if (found === at) {
        number = total;
      }
      found = haystack.indexOf(needle, found + needle.length);
    }
    return [total, number];
  }
}

function folded(wanted: string, matchCase: boolean): string {
  return matchCase ? wanted : wanted.toLowerCase();
}
