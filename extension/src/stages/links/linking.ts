import type { Place } from '../bundle';
import { placeKey, type Lines, type StageLinks } from './links';

/** A line of a stage that a person points at. */
export interface Pointed {
  stage: number;
  line: number;
}

/**
 * Which line is pointed at, and the lines of all stages that belong to it.
 *
 * The line that the cursor was put on stays until there is another; the mouse only looks.
 */
export class Linking {
  private readonly links = new Map<number, StageLinks>();
  private hovered: Pointed | null = null;
  private chosen: Pointed | null = null;
  private keys: string[] = [];
  private readonly cache = new Map<number, Lines>();

  /** @param changed - Called after every change of what is linked. */
  constructor(private readonly changed: () => void) {}

  /** Say where the lines of a stage come from. */
  add(stage: number, links: StageLinks): void {
    this.links.set(stage, links);
    this.update();
  }

  /** The mouse is on a line. */
  hover(pointed: Pointed): void {
    if (!same(pointed, this.hovered)) {
      this.hovered = pointed;
      this.update();
    }
  }

  /** The mouse has left: what was chosen, if anything was, is linked again. */
  leave(): void {
    if (this.hovered && this.chosen) {
      this.hovered = null;
      this.update();
    }
  }

  /** The cursor is on a line. */
  choose(pointed: Pointed): void {
    this.chosen = pointed;
    this.hovered = null;
    this.update();
  }

  clear(): void {
    this.chosen = this.hovered = null;
    this.update();
  }

  get pointed(): Pointed | null {
    return this.hovered ?? this.chosen;
  }

  /** The user's lines that the line comes from, the innermost first. */
  get places(): Place[] {
    const pointed = this.pointed;
    return pointed ? (this.links.get(pointed.stage)?.chain(pointed.line) ?? []) : [];
  }

  /** The lines of a stage that belong to the line pointed at. */
  linesOf(stage: number): Lines {
    let found = this.cache.get(stage);
    if (!found) {
      found = this.links.get(stage)?.matching(this.keys) ?? [];
      this.cache.set(stage, found);
    }
    return found;
  }

  private update(): void {
    this.keys = this.places.map(placeKey);
    this.cache.clear();
    this.changed();
  }
}

function same(a: Pointed | null, b: Pointed | null): boolean {
  return a?.stage === b?.stage && a?.line === b?.line;
}
