import { HighlightStyle, syntaxHighlighting } from '@codemirror/language';
import type { Extension } from '@codemirror/state';
import { tags } from '@lezer/highlight';

/**
 * The colours of JupyterLab's own editors, by the variables of its themes.
 *
 * Of these, only such are used as can be read in all of its themes, also on the line that is pointed
 * at: its colours of comments, meta data, numbers and types are too near to that.
 */
const style = HighlightStyle.define([
  { tag: tags.keyword, color: 'var(--jp-mirror-editor-keyword-color)', fontWeight: 'bold' },
  { tag: tags.typeName, color: 'var(--jp-mirror-editor-property-color)' },
  { tag: tags.function(tags.variableName), color: 'var(--jp-mirror-editor-operator-color)' },
  { tag: tags.standard(tags.variableName), color: 'var(--jp-mirror-editor-operator-color)' },
  { tag: tags.variableName, color: 'var(--jp-mirror-editor-variable-2-color)' },
  {
    tag: tags.definition(tags.variableName),
    color: 'var(--jp-mirror-editor-header-color)',
    fontWeight: 'bold'
  },
  { tag: tags.propertyName, color: 'var(--jp-content-font-color1)' },
  { tag: tags.labelName, color: 'var(--jp-mirror-editor-string-2-color)', fontWeight: 'bold' },
  { tag: [tags.number, tags.bool], color: 'var(--jp-mirror-editor-keyword-color)' },
  { tag: tags.string, color: 'var(--jp-mirror-editor-string-color)' },
  { tag: [tags.comment, tags.meta], color: 'var(--jp-content-font-color1)', fontStyle: 'italic' }
]);

export const highlighting: Extension = syntaxHighlighting(style);
