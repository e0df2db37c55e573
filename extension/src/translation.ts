import { nullTranslator, type ITranslator, type TranslationBundle } from '@jupyterlab/translation';

/** The name under which translations of this extension are looked up. */
const DOMAIN = 'qgrad_lab';

/** The translations of this extension; English where there is no translator. */
export function translations(translator: ITranslator | null): TranslationBundle {
  return (translator ?? nullTranslator).load(DOMAIN);
}
