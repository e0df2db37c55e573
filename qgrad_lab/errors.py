"""Define the exceptions that the public functions raise.

Argument errors are the builtin ``ValueError`` and ``TypeError``; the classes here are for
programs that are well-formed Python but cannot be compiled or differentiated.
"""


class CompileError(Exception):
    """A program cannot be compiled: an operation, measurement or device is not supported.

    Examples
    --------
    >>> import pennylane as qml
    >>> from qgrad_lab import CompileError, qjit
    >>> @qjit
    ... @qml.qnode(qml.device("lightning.qubit", wires=1))
    ... def circuit(x):
    ...     qml.RX(x, wires=7)
    ...     return qml.expval(qml.Z(0))
    >>> try:
    ...     circuit(0.4)
    ... except CompileError as error:
    ...     print(error)  # doctest: +ELLIPSIS
    RX(...) in circuit acts on the wire 7, which the device does not have; its wires are [0]...
    """


class ArgumentError(CompileError, ValueError, TypeError):
    """An argument has a value that no program can be compiled for.

    Elsewhere some of these are a `CompileError`, some a ``ValueError``, some a ``TypeError``: code
    that catches any of them catches this one.
    """


class DifferentiableCompileError(CompileError):
    """A program compiles but the derivative that was asked for does not exist or is refused.

    Examples
    --------
    >>> from qgrad_lab import DifferentiableCompileError, grad, qjit
    >>> try:
    ...     qjit(grad(lambda n: n**2))(2)
    ... except DifferentiableCompileError as error:
    ...     print(error)  # doctest: +ELLIPSIS
    grad only supports differentiation on floating-point arguments...
    """


DifferentiableCompilerError = DifferentiableCompileError
"""Another spelling, which the documentation of the ``grad`` contract has."""
