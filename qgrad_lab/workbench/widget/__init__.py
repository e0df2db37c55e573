"""Show a function, the choice of how to differentiate it, and the results, as a widget.

`bench.Workbench` is the widget, ``panels`` its tabs, ``editors`` and ``controls`` what one chooses,
``worker`` the thread that computes. In: a function and its arguments. Out: HTML, pictures, and the
code that gives the same.
"""
