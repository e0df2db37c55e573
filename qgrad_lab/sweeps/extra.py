"""Import the packages of ``pip install 'qgrad-lab[sweep]'`` when a sweep needs them."""

import importlib
from typing import Any


def required(module: str) -> Any:
    """Return the module of this name.

    Raises
    ------
    ImportError
        If its package is not installed.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise ImportError(
            f"qgrad_lab.sweep needs the package {module.partition('.')[0]}, which does not import "
            f"({error}). Install what sweeps need: pip install 'qgrad-lab[sweep]'"
        ) from error


def is_data_array(value: Any) -> bool:
    """Return whether ``value`` is labelled by xarray."""
    return type(value).__module__.startswith("xarray.") and hasattr(value, "dims")
