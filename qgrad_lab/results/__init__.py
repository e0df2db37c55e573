"""Hold what comparisons and studies return: data, tables, text, advice.

In: numbers that others computed. Out: their presentation in terminals, notebooks and files.
Computes no derivative and runs no circuit.
"""
