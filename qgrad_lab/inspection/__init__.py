"""Show every form that a program takes, from the user's source to machine code.

In: a function and its arguments. Out: stages, each a text whose lines are mapped to the user's.
"""
