/** The settings, checked: what a differentiated cell and a workbench begin with. */
export interface Defaults {
  readonly methods: readonly string[];
  readonly h: readonly number[];
  readonly reference: string;
  readonly irStage: string;
  readonly showIr: boolean;
  readonly plot: boolean;
  readonly theme: string;
}

/** As in the schema; for where settings cannot be read. */
export const FALLBACK: Defaults = {
  methods: ['auto', 'fd'],
  h: [],
  reference: 'jax',
  irStage: 'program',
  showIr: false,
  plot: true,
  theme: 'auto'
};

/** Settings as they come, of which those that have another type than they should are left out. */
export function defaultsOf(settings: Record<string, unknown>): Defaults {
  const found: Record<string, unknown> = { ...FALLBACK };
  for (const [name, fallback] of Object.entries(FALLBACK)) {
    const value = settings[name];
    if (Array.isArray(fallback) ? Array.isArray(value) : typeof value === typeof fallback) {
      found[name] = value;
    }
  }
  return found as unknown as Defaults;
}
