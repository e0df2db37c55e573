import { DEFAULT_METHODS, METHODS } from '../generated/methods';

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
  methods: DEFAULT_METHODS,
  h: [],
  reference: 'jax',
  irStage: 'program',
  showIr: false,
  plot: true,
  theme: 'auto'
};

/** Settings as they are stored; those of another type than they should be are left out. */
export function defaultsOf(settings: Record<string, unknown>): Defaults {
  const found = (name: 'reference' | 'irStage' | 'theme') => {
    const value = settings[name];
    return typeof value === 'string' ? value : FALLBACK[name];
  };
  const flag = (name: 'showIr' | 'plot') => {
    const value = settings[name];
    return typeof value === 'boolean' ? value : FALLBACK[name];
  };
  return {
    methods: methodsOf(settings['methods']),
    h: stepsOf(settings['h']),
    reference: found('reference'),
    irStage: found('irStage'),
    showIr: flag('showIr'),
    plot: flag('plot'),
    theme: found('theme')
  };
}

function methodsOf(chosen: unknown): readonly string[] {
  if (typeof chosen !== 'object' || chosen === null) {
    return FALLBACK.methods;
  }
  const found = METHODS.filter(name => (chosen as Record<string, unknown>)[name] === true);
  return found.length > 0 ? found : ['auto'];
}

function stepsOf(text: unknown): number[] {
  const words = typeof text === 'string' ? text.split(/[\s,]+/) : [];
  const steps = words.filter(word => word !== '').map(Number);
  return [...new Set(steps.filter(step => Number.isFinite(step) && step > 0))];
}
