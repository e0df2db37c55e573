import { LabIcon } from '@jupyterlab/ui-components';

function icon(name: string, path: string): LabIcon {
  return new LabIcon({
    name: `qgrad-lab:${name}`,
    svgstr:
      '<svg xmlns="http://www.w3.org/2000/svg" width="16" viewBox="0 0 16 16">' +
      `<path class="jp-icon3" fill="#616161" d="${path}"/></svg>`
  });
}

export const pinIcon = icon(
  'pin',
  'M10 1.5 14.5 6l-1.2 1-.9-.2-2.6 2.6.1 2.5-1.2 1.2-2.8-2.8L2.5 13.7l-.6.1.1-.6 3.4-3.4L2.6 7l1.2-1.2 2.5.1L8.9 3.300l-.1-.9z'
);
export const foldIcon = icon(
  'fold',
  'M2 7.400h12v1.200H2zM8 6 4.800 2.800h2.500V1h1.400v1.800h2.500zM8 10l3.200 3.200H8.700V15H7.300v-1.800H4.800z'
);
export const unfoldIcon = icon(
  'unfold',
  'M2 7.400h12v1.200H2zM8 1l3.200 3.200H8.700V6H7.300V4.200H4.800zM8 15l-3.200-3.200h2.500V10h1.400v1.800h2.500z'
);
export const compareIcon = icon(
  'compare',
  'M1.500 2.500h5v11h-5zM2.700 3.700v8.600h2.600V3.700zM9.500 2.500h5v11h-5zM7.400 1h1.200v14H7.400z'
);
