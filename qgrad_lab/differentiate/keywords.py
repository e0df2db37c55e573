"""Keywords of derivatives, as a type checker reads them in overloads of the public functions."""

from collections.abc import Sequence
from typing import TypedDict


class ProductKeywords(TypedDict, total=False):
    """Keywords of ``jvp`` and ``vjp``, but ``has_aux``, which decides what these return."""

    method: str | None
    h: float | None
    argnum: int | Sequence[int] | None
    argnums: int | Sequence[int] | None


class Keywords(ProductKeywords, total=False):
    """Keywords of ``grad``, ``value_and_grad``, ``jacobian`` and ``hessian``."""

    argnames: str | Sequence[str] | None
    has_aux: bool
    allow_int: bool
