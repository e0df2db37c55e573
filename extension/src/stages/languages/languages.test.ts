import { ensureSyntaxTree } from '@codemirror/language';
import { EditorState } from '@codemirror/state';
import { highlightTree, tagHighlighter, tags } from '@lezer/highlight';
import { expect, test } from 'vitest';
import { modeOf } from '.';

const highlighter = tagHighlighter([
  { tag: tags.keyword, class: 'keyword' },
  { tag: tags.typeName, class: 'type' },
  { tag: tags.function(tags.variableName), class: 'operation' },
  { tag: tags.standard(tags.variableName), class: 'standard' },
  { tag: tags.definition(tags.variableName), class: 'definition' },
  { tag: tags.variableName, class: 'value' },
  { tag: tags.propertyName, class: 'property' },
  { tag: tags.labelName, class: 'label' },
  { tag: [tags.number, tags.bool], class: 'number' },
  { tag: tags.string, class: 'string' },
  { tag: tags.comment, class: 'comment' },
  { tag: tags.meta, class: 'meta' }
]);

/** What is coloured as what: the words of a text by the class of their colour. */
function colours(language: string, doc: string): [string, string][] {
  const mode = modeOf(language);
  const state = EditorState.create({ doc, extensions: [mode.language!] });
  const found: [string, string][] = [];
  highlightTree(ensureSyntaxTree(state, doc.length, 5000)!, highlighter, (from, to, name) =>
    found.push([doc.slice(from, to), name])
  );
  return found;
}

test('Python', () => {
  const found = colours('python', '@qml.qnode(dev)\ndef f(x):  # why\n    return g(x) + 1.5e-3');
  expect(found).toContainEqual(['@qml.qnode', 'meta']);
  expect(found).toContainEqual(['def', 'keyword']);
  expect(found).toContainEqual(['g', 'operation']);
  expect(found).toContainEqual(['1.5e-3', 'number']);
  expect(found).toContainEqual(['# why', 'comment']);
});

test('a string of Python over lines', () => {
  const found = colours('python', '"""one\ntwo"""\nx');
  expect(
    found
      .filter(([, name]) => name === 'string')
      .map(([text]) => text)
      .join('')
  ).toBe('"""onetwo"""');
  expect(found).toContainEqual(['x', 'value']);
});

test('programs of circuits', () => {
  const found = colours(
    'qgrad-program',
    'program circuit(theta: f64[4]) on 3 wires {\n  RY(theta[0]) 0\n  return expval(Z0 @ X2)\n}'
  );
  expect(found).toContainEqual(['program', 'keyword']);
  expect(found).toContainEqual(['circuit', 'definition']);
  expect(found).toContainEqual(['f64', 'type']);
  expect(found).toContainEqual(['RY', 'operation']);
  expect(found).toContainEqual(['theta', 'value']);
  expect(found).toContainEqual(['expval', 'standard']);
});

test('jaxpr', () => {
  const found = colours('jaxpr', '{ lambda ; a:f64[4]. let\n    b:f64[4] = integer_pow[y=2] a');
  expect(found).toContainEqual(['lambda', 'keyword']);
  expect(found).toContainEqual(['a', 'definition']);
  expect(found).toContainEqual(['f64', 'type']);
  expect(found).toContainEqual(['integer_pow', 'operation']);
  expect(found).toContainEqual(['y', 'property']);
  expect(found).toContainEqual(['a', 'value']);
});

test('StableHLO', () => {
  const found = colours(
    'mlir',
    'func.func public @main(%arg0: tensor<4xf64>) {\n %0 = stablehlo.sine %arg0 // x'
  );
  expect(found).toContainEqual(['func.func', 'keyword']);
  expect(found).toContainEqual(['@main', 'definition']);
  expect(found).toContainEqual(['%arg0', 'value']);
  expect(found).toContainEqual(['tensor', 'type']);
  expect(found).toContainEqual(['4xf64', 'type']);
  expect(found).toContainEqual(['stablehlo.sine', 'operation']);
  expect(found).toContainEqual(['// x', 'comment']);
});

test('HLO', () => {
  const found = colours(
    'hlo',
    'ENTRY %main.1 {\n  ROOT %add.2 = f64[4]{0} add(%x), dimensions={0}'
  );
  expect(found).toContainEqual(['ENTRY', 'keyword']);
  expect(found).toContainEqual(['ROOT', 'keyword']);
  expect(found).toContainEqual(['%add.2', 'value']);
  expect(found).toContainEqual(['f64', 'type']);
  expect(found).toContainEqual(['add', 'operation']);
  expect(found).toContainEqual(['dimensions', 'property']);
});

test('LLVM IR', () => {
  const found = colours(
    'llvm',
    'define double @f(ptr %0) {\n.lr.ph: ; preds\n  %3 = fmul double %2, f0x401C\n  ret void, !dbg !8'
  );
  expect(found).toContainEqual(['define', 'keyword']);
  expect(found).toContainEqual(['double', 'type']);
  expect(found).toContainEqual(['@f', 'definition']);
  expect(found).toContainEqual(['.lr.ph:', 'label']);
  expect(found).toContainEqual(['; preds', 'comment']);
  expect(found).toContainEqual(['fmul', 'operation']);
  expect(found).toContainEqual(['f0x401C', 'number']);
  expect(found).toContainEqual(['!8', 'meta']);
});

test('assembly', () => {
  const found = colours('asm', 'f:\n    vmovsd      xmm1, qword ptr [rcx + 0x18]\n    ret ; done');
  expect(found).toContainEqual(['f:', 'label']);
  expect(found).toContainEqual(['vmovsd', 'operation']);
  expect(found).toContainEqual(['xmm1', 'value']);
  expect(found).toContainEqual(['qword', 'keyword']);
  expect(found).toContainEqual(['0x18', 'number']);
  expect(found).toContainEqual(['; done', 'comment']);
});

test('a drawing', () => {
  const found = colours('text', 'circuit:\n0: ──RX(theta[0])─╭●──');
  expect(found).toContainEqual(['circuit:', 'definition']);
  expect(found).toContainEqual(['RX', 'operation']);
});

test('one that is not known is plain', () => {
  expect(modeOf('brainfuck').language).toBeNull();
});
