"""Say all that is known of each gate, once.

A gate is one row of `table`; spectra, shift frequencies, traits and matrices follow from it, and so
does the C++ table, which ``python -m qgrad_lab.gates`` writes.
In: nothing. Out: `table.GATES`, which the rooms above read, and ``engine/native/ir/gates.inc``.
"""
