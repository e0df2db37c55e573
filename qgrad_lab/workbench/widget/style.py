"""The widget's style; colours come from JupyterLab's theme if there is one."""

STYLE = """
<style>
.qgrad-workbench { border: 1px solid var(--jp-border-color2, #8884); border-radius: 4px;
  color: var(--jp-ui-font-color1, inherit); container: qgrad-workbench / inline-size; }
@container qgrad-workbench (max-width: 760px) {
  .qgrad-columns { flex-direction: column; }
  .qgrad-columns > .qgrad-left { width: auto !important; flex: none !important; border-right: none;
    border-bottom: 1px solid var(--jp-border-color2, #8884); }
}
.qgrad-workbench .qgrad-left { border-right: 1px solid var(--jp-border-color2, #8884);
  padding: 8px 12px; }
.qgrad-workbench .qgrad-right { padding: 8px 12px; min-width: 0; }
.qgrad-workbench .qgrad-signature { font-family: var(--jp-code-font-family, monospace);
  font-weight: 600; overflow-wrap: anywhere; }
.qgrad-workbench .qgrad-heading { font-weight: 600; margin-top: 6px;
  color: var(--jp-ui-font-color1, inherit); }
.qgrad-workbench .qgrad-figure { max-width: 100%; height: auto; }
body[data-jp-theme-light="false"] .qgrad-theme-auto { filter: invert(0.87) hue-rotate(180deg); }
.qgrad-workbench .qgrad-error { border-left: 3px solid var(--jp-error-color1, currentColor);
  padding: 4px 10px; margin: 6px 0; white-space: pre-wrap; }
.qgrad-workbench .qgrad-note { opacity: 0.75; padding: 4px 10px; }
.qgrad-workbench .qgrad-left .widget-box { overflow: visible; }
.qgrad-workbench .qgrad-left .widget-checkbox { margin-right: 1em; }
.qgrad-workbench .qgrad-right .widget-html, .qgrad-workbench .qgrad-right .widget-html-content {
  min-width: 0; max-width: 100%; }
.qgrad-workbench .qgrad-right .widget-html-content { width: 100%; line-height: 1.4; }
.qgrad-workbench textarea { font-family: var(--jp-code-font-family, monospace); }
.qgrad-workbench .lm-TabBar-tab { flex: 0 1 auto; min-width: max-content; }
.qgrad-workbench .jupyter-widget-tab-contents, .qgrad-workbench .widget-tab-contents {
  overflow-x: auto; min-height: 8em; }
</style>
"""

STATIC_STYLE = """
<style>
.qgrad-static { border: 1px solid #8884; border-radius: 4px; padding: 8px 12px; }
.qgrad-static img { max-width: 100%; height: auto; }
.qgrad-static pre { margin: 4px 0; }
body[data-jp-theme-light="false"] .qgrad-static .qgrad-theme-auto {
  filter: invert(0.87) hue-rotate(180deg); }
.jp-OutputArea:has(.qgrad-workbench) .qgrad-static,
.jp-OutputArea:has(.qgrad-workbench) .jp-OutputArea-child:has(> .jp-OutputArea-output .qgrad-static)
  { display: none; }
</style>
"""
"""The style of the stored picture, which is hidden beside a live widget."""
