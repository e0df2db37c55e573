import { expect, test } from 'vitest';
import { model, tutorials, type Files } from './tutorials';

/** A server with some files, and what was done to it. */
function server(...paths: string[]) {
  const there = new Set(paths);
  const done: string[] = [];
  const files: Files = {
    exists: path => Promise.resolve(there.has(path)),
    makeFolder: path => {
      done.push(`folder ${path}`);
      there.add(path);
      return Promise.resolve();
    },
    write: path => {
      done.push(path);
      there.add(path);
      return Promise.resolve();
    },
    names: () => Promise.resolve(['01_start_here.ipynb', 'images/a.png', 'images/b.png']),
    fetch: () => Promise.resolve(new TextEncoder().encode('{}').buffer)
  };
  return { files, done };
}

test('tutorials that are there are opened', async () => {
  const { files, done } = server('01_start_here.ipynb');
  expect(await tutorials(files, 'deep/down')).toEqual({ start: '01_start_here.ipynb', copied: 0 });
  const below = server('deep/01_start_here.ipynb', '01_start_here.ipynb');
  expect((await tutorials(below.files, 'deep')).start).toBe('deep/01_start_here.ipynb');
  expect(done).toEqual([]);
});

test('those that are not are copied, each once', async () => {
  const { files, done } = server();
  const start = 'qgrad_lab_notebooks/01_start_here.ipynb';
  expect(await tutorials(files, '')).toEqual({ start, copied: 3 });
  expect(done).toEqual([
    'folder qgrad_lab_notebooks',
    start,
    'folder qgrad_lab_notebooks/images',
    'qgrad_lab_notebooks/images/a.png',
    'qgrad_lab_notebooks/images/b.png'
  ]);
  expect(await tutorials(files, '')).toEqual({ start, copied: 0 });
  expect(done).toHaveLength(5);
});

test('files of the user stay as they are', async () => {
  const start = 'qgrad_lab_notebooks/01_start_here.ipynb';
  const { files, done } = server('qgrad_lab_notebooks', start);
  expect((await tutorials(files, '')).copied).toBe(2);
  expect(done).not.toContain(start);
});

test('notebooks are saved as notebooks, and all else byte by byte', () => {
  const bytes = (text: string) => new TextEncoder().encode(text).buffer;
  expect(model('a.ipynb', bytes('{"cells": ["µ"]}'))).toEqual({
    type: 'notebook',
    format: 'json',
    content: { cells: ['µ'] }
  });
  expect(model('a.png', new Uint8Array([0, 255, 128]).buffer)).toEqual({
    type: 'file',
    format: 'base64',
    content: 'AP+A'
  });
});
