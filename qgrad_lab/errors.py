"""The exceptions that the public functions raise.

Argument errors are the builtin ``ValueError`` and ``TypeError``; the classes here are for
programs that are well-formed Python but cannot be compiled or differentiated.
"""


class CompileError(Exception):
    """A program cannot be compiled: an operation, measurement or device is not supported."""


class DifferentiableCompileError(CompileError):
    """A program compiles but the derivative that was asked for does not exist or is refused."""


DifferentiableCompilerError = DifferentiableCompileError
"""The spelling used in the documentation of the ``grad`` contract."""
