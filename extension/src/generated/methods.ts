// Written by `python -m qgrad_lab.methods` from qgrad_lab/methods/table.py: do not edit.

/** All methods, in the order of the rows of a table. */
export const METHODS: readonly string[] = ['auto', 'fd', 'adjoint', 'parameter-shift', 'backprop'];

/** What is compared where nothing else is asked for. */
export const DEFAULT_METHODS: readonly string[] = ['auto', 'fd'];

/** The methods that take a step. */
export const STEPPED: readonly string[] = ['fd'];
