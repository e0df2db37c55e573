"""Differentiate functions in a notebook: the magics and the widget.

In: cells, calls and namespaces of IPython. Out: comparisons and plots, and the Python that has the
same result. ``list_functions`` and ``panel`` are what JupyterLab's extension calls in a kernel.
"""

from qgrad_lab.workbench.listing import list_functions

__all__ = ["list_functions"]
