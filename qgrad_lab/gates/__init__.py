"""Say all that is known of each gate, once.

`table` has one row a gate; names, spectra, shift frequencies and the C++ table follow from it.
In: nothing. Out: `table.GATES`, which the rooms above read.
"""
