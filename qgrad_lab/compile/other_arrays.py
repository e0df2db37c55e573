"""Refuse the arrays with which other libraries differentiate."""

from typing import Any

import jax

from qgrad_lab.errors import CompileError

_ADVICE = {
    "autograd": "qml.grad, and optimizers of PennyLane that call it, differentiate with autograd, "
    "which cannot look into a program of JAX. Use qgrad_lab.grad or jax.grad, or give one to the "
    "optimizer as grad_fn",
    "torch": "A compiled function is one of JAX, which torch cannot look into. Pass "
    "tensor.detach().numpy(), and differentiate with qgrad_lab.grad or jax.grad",
    "tensorflow": "A compiled function is one of JAX, which TensorFlow cannot look into. Pass "
    "tensor.numpy(), and differentiate with qgrad_lab.grad or jax.grad",
}


def refuse_other_arrays(name: str, args: Any, kwargs: Any) -> None:
    """Refuse arguments of the compiled function ``name`` that JAX takes for no arrays.

    Raises
    ------
    CompileError
        If one of them is an array that another library differentiates.
    """
    for leaf in jax.tree.leaves((args, kwargs)):
        library = type(leaf).__module__.partition(".")[0]
        if library in _ADVICE:
            raise CompileError(
                f"{name} was given {type(leaf).__name__} of {library}; it takes numbers, and "
                f"arrays of NumPy and JAX. {_ADVICE[library]}."
            )
