"""Show a function, the choice of how to differentiate it, and the results, as a widget."""
