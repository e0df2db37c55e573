"""The notebook side of qgrad_lab: its magics and its widget. It uses the public functions alone.

``list_functions`` is what JupyterLab's panel asks a kernel.
"""

from qgrad_lab.workbench.listing import list_functions

__all__ = ["list_functions"]
