import { expect, test } from 'vitest';
import { translations } from './translation';

test('English where there is no translator', () => {
  expect(translations(null).__('%1 lines', 3)).toBe('3 lines');
});
