import { LabIcon } from '@jupyterlab/ui-components';

/** ∇, as a stroke that is broad on one side. */
export const nablaIcon = new LabIcon({
  name: 'qgrad-lab:nabla',
  svgstr:
    '<svg xmlns="http://www.w3.org/2000/svg" width="16" viewBox="0 0 24 24">' +
    '<path class="jp-icon3 jp-icon-selectable" fill="#616161" fill-rule="evenodd" ' +
    'd="M1.5 3h21L12 22.5zM6.9 6.2L13 17.6L19.1 6.2z"/></svg>'
});

/** The same in colour, for the launcher. */
export const tutorialsIcon = new LabIcon({
  name: 'qgrad-lab:tutorials',
  svgstr:
    '<svg xmlns="http://www.w3.org/2000/svg" width="16" viewBox="0 0 24 24">' +
    '<path class="jp-icon-brand0 jp-icon-selectable" fill="#0D47A1" fill-rule="evenodd" ' +
    'd="M1.5 3h21L12 22.5zM6.9 6.2L13 17.6L19.1 6.2z"/></svg>'
});
