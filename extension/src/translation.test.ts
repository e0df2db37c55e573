import { expect, test } from 'vitest';
import { translations } from './translation';

test('English where there is no translator', () => {
  expect(translations(null).__('%1 lines', 3)).toBe('3 lines');
});

test('magics in strings stay as they are', () => {
  const trans = translations(null);
  expect(trans.__('%1 needs %load_ext x, %pip too', '%%qgrad')).toBe(
    '%%qgrad needs %load_ext x, %pip too'
  );
});
