import { StreamLanguage } from '@codemirror/language';
import type { Blocks } from '../view/folds';
import { hlo, jaxpr, mlir } from './jax';
import { assembly, llvm } from './machine';
import { python } from './python';
import { circuit, program } from './quantum';

export interface LanguageMode {
  language: StreamLanguage<unknown> | null;
  blocks: Blocks;
}

/** By the name that the kernel gives to a language. */
const MODES: Record<string, LanguageMode> = {
  python: { language: python, blocks: 'indentation' },
  text: { language: circuit, blocks: 'labels' },
  jaxpr: { language: jaxpr, blocks: 'indentation' },
  'qgrad-program': { language: program, blocks: 'braces' },
  'qgrad-plan': { language: program, blocks: 'braces' },
  mlir: { language: mlir, blocks: 'braces' },
  hlo: { language: hlo, blocks: 'braces' },
  llvm: { language: llvm, blocks: 'braces' },
  asm: { language: assembly, blocks: 'labels' }
};

/** Colours and folding of a language; plain for one that only a newer kernel knows. */
export function modeOf(language: string): LanguageMode {
  return MODES[language] ?? { language: null, blocks: 'indentation' };
}
