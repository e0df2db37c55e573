import type { TranslationBundle } from '@jupyterlab/translation';

/** Bytes for people: in powers of 1000, with three digits. */
export function sizeText(size: number): string {
  if (size < 1000) {
    return `${size} B`;
  }
  return size < 999_500 ? `${digits(size / 1e3)} kB` : `${digits(size / 1e6)} MB`;
}

/** A duration for people. */
export function secondsText(seconds: number): string {
  if (seconds < 1e-4) {
    return '< 0.1 ms';
  }
  return seconds < 0.9995 ? `${digits(seconds * 1e3)} ms` : `${digits(seconds)} s`;
}

export function linesText(trans: TranslationBundle, count: number): string {
  return trans._n('%2 line', '%2 lines', count, count.toLocaleString('en'));
}

function digits(value: number): string {
  return String(Number(value.toPrecision(3)));
}
