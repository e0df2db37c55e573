import type { TranslationBundle } from '@jupyterlab/translation';
import type { Bundle, Place, Snippet } from '../bundle';
import type { Pointed } from '../links/linking';
import { fileName } from '../links/sources';

/** The line above a function of the user's that is not the program itself. */
export function snippetTitle(snippet: Snippet, trans: TranslationBundle): string {
  const { name, file, first } = snippet;
  const place = placeText({ file, line: first }, trans);
  return name ? `${name}: ${place}` : place;
}

/** A line of the user's for people. */
export function placeText(place: Place, trans: TranslationBundle): string {
  const file = fileName(place.file);
  return file === null
    ? trans.__('line %1 of a cell', place.line)
    : trans.__('line %1 of %2', place.line, file);
}

interface Linked {
  pointed: Pointed;
  places: readonly Place[];
  /** Linked lines of every stage. */
  counts: readonly number[];
  /** The stage that is the user's code. */
  source: number;
  bundle: Bundle;
}

/** In words, what the marks show: where a line comes from, and what else does. */
export function linkText(linked: Linked, trans: TranslationBundle): string {
  const { pointed, places, counts, source, bundle } = linked;
  const { stages } = bundle;
  const title = trans.__('%1, line %2', stages[pointed.stage]!.title, pointed.line);
  if (!places.length) {
    return trans.__('%1: it is not known which line of yours it comes from.', title);
  }
  const others = counts
    .map((count, stage) => ({ count, stage }))
    .filter(({ count, stage }) => count && stage !== pointed.stage && stage !== source)
    .map(({ count, stage }) => `${stages[stage]!.title} ${count.toLocaleString('en')}`);
  const from =
    pointed.stage === source ? title : trans.__('%1, from %2', title, placeText(places[0]!, trans));
  return others.length ? trans.__('%1. Linked lines: %2.', from, others.join(', ')) : `${from}.`;
}
