"""``Workbench``: a function, how to differentiate it, and what comes of it, as a widget."""
