/** How far a difference is from nothing, for its bar and its shade. */

/** The digits of a double: a difference below the last is as good as none. */
const DIGITS = 16;

/** How much of its bar a difference fills: from 0 at 1e-16 to 1 at 1, by its power of ten. */
export function filled(difference: number, scale: number): number {
  if (Number.isNaN(difference)) {
    return 1;
  }
  const relative = difference / Math.max(1, scale);
  if (relative <= 0) {
    return 0;
  }
  return Math.min(1, Math.max(0, (Math.log10(relative) + DIGITS) / DIGITS));
}

/** How many decimal digits, about, a difference leaves right. */
export function digits(difference: number, scale: number): number {
  return Math.floor(DIGITS * (1 - filled(difference, scale)) + 1e-9);
}
