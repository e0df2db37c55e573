import { HighlightStyle, syntaxHighlighting } from '@codemirror/language';
import type { Extension } from '@codemirror/state';
import { tags } from '@lezer/highlight';

/**
 * The colours of JupyterLab's own editors, by the variables of its themes.
 *
 * Where one of them is hard to read on the background of a theme of JupyterLab's (comments and
 * meta data on dark), another is used.
 */
const style = HighlightStyle.define([
  { tag: tags.keyword, color: 'var(--jp-mirror-editor-keyword-color)', fontWeight: 'bold' },
  { tag: tags.typeName, color: 'var(--jp-mirror-editor-variable-3-color)' },
  { tag: tags.function(tags.variableName), color: 'var(--jp-mirror-editor-operator-color)' },
  { tag: tags.standard(tags.variableName), color: 'var(--jp-mirror-editor-operator-color)' },
  { tag: tags.variableName, color: 'var(--jp-mirror-editor-variable-2-color)' },
  {
    tag: tags.definition(tags.variableName),
    color: 'var(--jp-mirror-editor-header-color)',
    fontWeight: 'bold'
  },
  { tag: tags.propertyName, color: 'var(--jp-mirror-editor-property-color)' },
  { tag: tags.labelName, color: 'var(--jp-mirror-editor-string-2-color)', fontWeight: 'bold' },
  { tag: [tags.number, tags.bool], color: 'var(--jp-mirror-editor-number-color)' },
  { tag: tags.string, color: 'var(--jp-mirror-editor-string-color)' },
  { tag: tags.comment, color: 'var(--jp-content-font-color2)', fontStyle: 'italic' },
  { tag: tags.meta, color: 'var(--jp-content-font-color2)' }
]);

export const highlighting: Extension = syntaxHighlighting(style);
