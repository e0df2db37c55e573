"""Options and arguments that do not fit: the builtin ValueError and TypeError."""

import jax
import jax.numpy as jnp
import pennylane as qml

import qgrad_lab as lab
from qgrad_lab import compare, grad, jvp, qjit, stages, vjp, with_diff_method
from tests.errors.table import compile_error, derivative_error, entry


def square(x):
    return x**2


@entry(
    ValueError,
    "Invalid differentiation method 'exact'",
    "`method` is neither `'auto'` nor `'fd'`.",
    "Use one of the two; how a QNode is differentiated is its own `diff_method`.",
)
def unknown_method():
    grad(square, method="exact")


@entry(
    ValueError,
    "Invalid h value -1",
    "The step of the finite differences is not a finite positive number.",
    "`h=1e-7`, or leave it out.",
)
def bad_step():
    grad(square, method="fd", h=-1)


@entry(
    ValueError,
    r"Invalid argnum \[\]",
    "`argnum` names no argument.",
    "An int, a non-empty list or tuple of ints, or nothing for the first argument.",
)
def empty_argnum():
    grad(square, argnum=[])


@entry(ValueError, "Invalid argnum 'x'", "`argnum` is not an int.", "`argnames='x'` for a name.")
def argnum_of_another_type():
    grad(square, argnum="x")


@entry(
    ValueError,
    "Invalid argnum 3",
    "There is no positional argument with this number in the call.",
    "Count from 0, or from -1 at the end; choose keyword arguments with `argnames`.",
)
def argnum_out_of_range():
    qjit(grad(square, argnum=3))(1.0)


@entry(
    ValueError,
    "Invalid argnames 3",
    "`argnames` is neither a name nor a list of names.",
    "`argnames='x'`, or `argnames=['x', 'y']`.",
)
def argnames_of_another_type():
    grad(square, argnames=3)


@entry(
    ValueError,
    "Invalid argnames 'y'",
    "The call has no argument of this name.",
    "Pass it in the call, or correct the name.",
)
def argnames_without_argument():
    qjit(grad(square, argnames="y"))(1.0)


@entry(
    TypeError,
    "two spellings of one option",
    "Both `argnum` and `argnums` are given.",
    "Give one of them.",
)
def two_spellings():
    grad(square, argnum=0, argnums=0)


@entry(
    ValueError, "Invalid has_aux 3", "A switch is neither `True` nor `False`.", "Give one of them."
)
def not_a_switch():
    grad(square, has_aux=3)


@entry(
    TypeError,
    "is not a callable object",
    "What is to be differentiated is not a function.",
    "Give the function, not its result: `grad(f)(x)`, not `grad(f(x))`.",
)
def grad_of_a_number():
    grad(2.0)


@entry(
    TypeError,
    "not a callable object",
    "What is to be compiled is not a function.",
    "Give a function or a QNode.",
)
def qjit_of_a_number():
    qjit(2.0)


@entry(
    TypeError,
    "static_argnums was 'x'",
    "`static_argnums` is not an int or a sequence of ints (likewise `static_argnames`).",
    "Positions for `static_argnums`, names for `static_argnames`.",
)
def static_argnums_of_another_type():
    qjit(square, static_argnums="x")


@entry(TypeError, "seed was 'x'", "`seed` is not an int.", "An int from 0 to 2**32 - 1.")
def seed_of_another_type():
    qjit(square, seed="x")


@entry(ValueError, "seed was -1", "`seed` is out of range.", "An int from 0 to 2**32 - 1.")
def seed_out_of_range():
    qjit(square, seed=-1)


@entry(
    ValueError,
    "has not been compiled yet",
    "`.jaxpr` or `.mlir` of a function that has no signature yet.",
    "Call it once, or annotate its arguments.",
)
def no_program_yet():
    return qjit(square).jaxpr


@entry(
    ValueError,
    "argument 'params' of jvp must be a list or a tuple",
    "`params`, `tangents` or `cotangents` is not a sequence.",
    "Write `[x]` for a single one.",
)
def params_of_another_type():
    qjit(lambda x: jvp(square, x, [1.0]))(1.0)


@entry(
    TypeError,
    "jvp got 2 tangents for 1",
    "Not one tangent for each differentiated argument.",
    "Give one for each.",
)
def too_many_tangents():
    qjit(lambda x: jvp(square, [x], [1.0, 1.0]))(1.0)


@entry(
    ValueError,
    "it can be differentiated only once|can be differentiated only once",
    "`argnum` of `jvp` has a number twice.",
    "Name each argument once; add its tangents.",
)
def an_argument_twice():
    qjit(lambda x: jvp(square, [x], [1.0, 1.0], argnum=[0, 0]))(1.0)


@entry(
    TypeError,
    "tangents of jvp must have the trees",
    "A tangent is another pytree than its argument.",
    "`jax.tree.map(jnp.ones_like, x)` is one that fits.",
)
def tangents_of_another_tree():
    qjit(lambda x: jvp(lambda p: p["a"], [{"a": x}], [x]))(1.0)


@entry(
    TypeError,
    "tangent 0 has int64",
    "A tangent or cotangent has another dtype than what it belongs to.",
    "`tangent.astype(x.dtype)`.",
)
def tangents_of_another_type():
    qjit(lambda x: jvp(square, [x], [jnp.array(1)]))(1.0)


@entry(
    ValueError,
    r"tangent 0 has float64\[2\]",
    "A tangent or cotangent has another shape than what it belongs to.",
    "`jnp.ones_like(x)` is one that fits.",
)
def tangents_of_another_shape():
    qjit(lambda x: jvp(square, [x], [jnp.ones(2)]))(1.0)


@entry(
    TypeError,
    "cotangents of vjp must have the tree",
    "The cotangents are neither a pytree like the results nor a list of one for each.",
    "`jax.tree.map(jnp.ones_like, f(x))` is one that fits.",
)
def cotangents_of_another_tree():
    qjit(lambda x: vjp(square, [x], [1.0, 1.0]))(1.0)


@entry(
    TypeError,
    "has_aux=True, so",
    "With `has_aux=True` the function does not return a pair.",
    "`return result, auxiliary`.",
)
def no_pair():
    qjit(grad(square, has_aux=True))(1.0)


@derivative_error(
    "only supports differentiation on floating-point arguments",
    "A differentiated argument holds integers, booleans or complex numbers.",
    "Pass `2.0` for `2`, or choose another `argnum`.",
)
def integer_argument():
    qjit(grad(square))(2)


@derivative_error(
    "only supports differentiation on floating-point results",
    "A differentiated function returns integers, booleans or complex numbers.",
    "Differentiate `jnp.real(...)` of it.",
)
def integer_result():
    qjit(grad(lambda x: jnp.floor(x).astype(int)))(2.0)


@derivative_error(
    "only supports scalar-output functions",
    "`grad` of a function that returns an array.",
    "`jacobian`, or `grad` of its sum.",
)
def array_result():
    qjit(grad(lambda x: x * jnp.ones(3)))(2.0)


# -- Control flow ----------------------------------------------------------------------------------


@entry(
    TypeError,
    "for_loop was given a",
    "A bound of a loop, or the index of a `switch`, is not one integer.",
    "`jnp.floor(x).astype(int)`.",
)
def bound_of_another_type():
    qjit(lambda x: lab.for_loop(0, x, 1)(lambda i, c: c)(0.0))(2.5)


@entry(
    ValueError,
    "for_loop was given step=0",
    "A loop that would not end.",
    "A positive or negative step.",
)
def no_step():
    qjit(lambda x: lab.for_loop(0, 3, 0)(lambda i, c: c)(x))(2.5)


@entry(
    TypeError,
    "The condition of cond has the shape",
    "A condition is an array.",
    "`jnp.all(...)` or `jnp.any(...)`.",
)
def condition_of_another_shape():
    qjit(lambda x: lab.cond(x > 0)(lambda: 1.0)())(jnp.ones(2))


@entry(
    TypeError,
    "The body of for_loop was given 2 carried values and returned 1|returned 1",
    "The body of a loop does not return one value for each that it is given.",
    "Return all carried values, in order.",
)
def a_carried_value_is_missing():
    qjit(lambda x: lab.for_loop(0, 3, 1)(lambda i, a, b: (a,))(x, x))(1.0)


@entry(
    TypeError,
    "The body of a loop has to return values of the same trees and shapes",
    "A carried value changes its shape.",
    "Carry an array of the largest shape.",
)
def a_carried_value_grows():
    qjit(lambda x: lab.for_loop(0, 3, 1)(lambda i, a: jnp.append(a, 1.0))(x))(jnp.ones(2))


@entry(
    TypeError,
    "The branches of cond have to return the same pytree",
    "Branches return values of different structure or shape.",
    "Return the same in each; without `otherwise` return nothing.",
)
def branches_differ():
    branch = lab.cond
    qjit(lambda x: branch(x > 0)(lambda: jnp.ones(2)).otherwise(lambda: 1.0)())(1.0)


@entry(
    ValueError,
    "MultiControlledX|has wires|was given the wires|is there twice",
    "A wire that is known only when the program runs is there twice in one operation.",
    "See to the arithmetic of the wires.",
)
def a_wire_twice():
    @qml.qnode(qml.device("lightning.qubit", wires=2))
    def circuit(i):
        qml.CNOT(wires=[i, 1])
        return qml.expval(qml.Z(0))

    qjit(circuit)(1)


@entry(
    ValueError,
    "wire 5",
    "A wire that is known only when the program runs is none of the device's.",
    "See to the arithmetic of the wires, or create the device with more.",
)
def a_wire_out_of_range():
    @qml.qnode(qml.device("lightning.qubit", wires=2))
    def circuit(i):
        qml.X(wires=i)
        return qml.expval(qml.Z(0))

    qjit(circuit)(5)


@compile_error(
    "has c_dtype=",
    "States are `complex128` or `complex64`; a device was made for another type.",
    'Give one of these: `qml.device("lightning.qubit", wires=2, c_dtype=np.complex64)`.',
)
def no_complex_dtype():
    @qml.qnode(qml.device("lightning.qubit", wires=1, c_dtype=float))
    def circuit(x):
        qml.RX(x, wires=0)
        return qml.expval(qml.Z(0))

    qjit(circuit)(0.1)


@entry(
    MemoryError,
    "a circuit on 38 wires needs",
    "The state vectors do not fit into the memory that is free.",
    "Fewer wires, or a smaller batch.",
)
def too_large():
    @qml.qnode(qml.device("lightning.qubit", wires=38))
    def circuit(x):
        qml.RX(x, wires=0)
        return qml.expval(qml.prod(*map(qml.Z, range(38))))

    qjit(circuit)(0.1)


@entry(
    KeyError,
    "'ir' is not a stage; these are: source, circuit",
    "No stage of the compilation has this name.",
    "One of the names in the message, such as `stages(f, x)['jaxpr']`.",
)
def no_such_stage():
    stages(square, 0.5)["ir"]


@entry(
    ValueError,
    "Invalid diff_method 'magic': for all QNodes",
    "`with_diff_method` was given something else than how QNodes can be differentiated.",
    "`'adjoint'` or `'parameter-shift'`; on simulators of PennyLane `'backprop'` too.",
)
def unknown_diff_method():
    with_diff_method(square, "magic")


@entry(
    ValueError,
    "Invalid method 'magic'. The methods are",
    "`compare` was given a method that there is not, or none.",
    "One or more of the methods that the message names.",
)
def unknown_compared_method():
    compare(square, 1.0, methods=["auto", "magic"])


@entry(
    ValueError,
    "Invalid h 0.1: it is the step of the method 'fd', which is not among",
    "`compare` was given `h`, and no method that takes a step.",
    "`methods=['auto', 'fd']`, or leave `h` out.",
)
def step_of_no_method():
    compare(square, 1.0, methods="auto", h=0.1)


@entry(
    ValueError,
    r"Invalid h \[\]: give 'fd' one step",
    "`compare` was given an empty list of steps.",
    "`h=[1e-3, 1e-7]`, or leave `h` out.",
)
def no_steps():
    compare(square, 1.0, methods="fd", h=[])


@entry(
    ValueError,
    "Invalid reference 'torch'",
    "What is compared with has an unknown name.",
    "`'jax'`, `'catalyst'`, a function from the arguments to the gradient, or `None`.",
)
def unknown_reference():
    compare(square, 1.0, reference="torch")


@derivative_error(
    r"returns float64\[2\], and only a single number has a gradient",
    "`compare`, or a `%%qgrad` cell, was given a function that returns more than one number.",
    "A function that makes one number of them, such as `lambda x: f(x)[0]`.",
)
def comparison_of_no_scalar():
    compare(lambda x: jnp.array([x, x]), 1.0)


@entry(
    KeyError,
    "is not among the methods compared",
    "A row of a comparison was asked for that it does not have.",
    "A method that was compared, or the pair of `'fd'` and its step.",
)
def row_that_is_not_there():
    return compare(square, 1.0, methods="auto")["fd"]


@compile_error(
    "is on the device lightning.qubit, which does not support diff_method='backprop'",
    "All QNodes were told to be differentiated in a way that a device does not know.",
    "`'adjoint'` or `'parameter-shift'` on lightning.qubit.",
)
def diff_method_of_another_device():
    @qml.qnode(qml.device("lightning.qubit", wires=1))
    def circuit(x):
        qml.RX(x, wires=0)
        return qml.expval(qml.Z(0))

    grad(with_diff_method(circuit, "backprop"))(0.3)


@entry(
    TypeError,
    "qjit was given the option optimize, which it does not have",
    "Neither `qjit` nor `catalyst.qjit` has this option.",
    "Leave it out.",
)
def unknown_option():
    qjit(square, optimize=True)


@entry(
    ValueError,
    r"qjit was given target='mlir', an option of catalyst.qjit",
    "An option of `catalyst.qjit` asks for what is not here.",
    "What the message says in its place.",
)
def option_of_catalyst():
    qjit(square, target="mlir")


@entry(
    TypeError,
    "pure_callback was given square with the result type None",
    "The type of the result of a Python function is not known.",
    "`pure_callback(f, float)`, or an annotation.",
)
def callback_without_type():
    lab.pure_callback(square)


@entry(
    ValueError,
    "The pure_callback number has no bwd",
    "Half of a derivative was given.",
    "Decorate a function with `.bwd` too.",
)
def callback_with_half_a_derivative():
    @lab.pure_callback
    def number(x) -> float:
        return x

    number.fwd(lambda x: (number(x), x))
    qjit(number)(0.3)


@derivative_error(
    "The pure_callback square is differentiated",
    "Functions of Python have no derivatives.",
    "`.fwd` and `.bwd`, JAX, or `method='fd'`.",
)
def derivative_of_a_callback():
    qjit(grad(lab.pure_callback(square, float)))(0.3)


@entry(
    TypeError,
    "accelerate was given 3 of type int",
    "What is accelerated cannot be called.",
    "A function.",
)
def accelerated_number():
    lab.accelerate(3)


@entry(
    ValueError,
    "debug.callback called a function that returned",
    "A function that is called for its side effects returned something.",
    "`pure_callback` for a result.",
)
def debugging_with_a_result():
    lab.debug.callback(square)(0.3)


@entry(
    RuntimeError,
    "x is too large",
    "A condition of `debug_assert` does not hold.",
    "What the program's author says.",
)
def assertion():
    lab.debug_assert(False, "x is too large")


@entry(
    RuntimeError,
    "x is too large",
    "The same, while a compiled program runs.",
    "What the program's author says; `disable_assertions=True` leaves them out.",
)
def assertion_in_a_program():
    def positive(x):
        lab.debug_assert(x < 1, "x is too large")
        return x

    qjit(positive)(2.0)


@compile_error(
    "A function assigns to an element of an array of JAX that was made outside of it",
    "These arrays do not change, and autograph can only assign a new one to a variable.",
    "Pass the array as an argument, and return it.",
)
def element_of_an_outer_array():
    numbers = jnp.zeros(2)

    def assign(x):
        numbers[0] = x
        return x

    qjit(assign, autograph=True)(0.3)


@compile_error(
    "was given ArrayBox of autograd; it takes numbers, and arrays of NumPy and JAX",
    "`qml.grad`, torch or TensorFlow differentiates a compiled function.",
    "`qgrad_lab.grad` or `jax.grad`.",
)
def autograd_of_a_compiled_function():
    qml.grad(qjit(square))(qml.numpy.array(0.3, requires_grad=True))


@compile_error(
    "is called where JAX's 64-bit types are switched off",
    "`jax_enable_x64` was switched off after the import of `qgrad_lab`.",
    "`jax.config.update('jax_enable_x64', True)`.",
)
def without_64_bit_types():
    circuit = qml.QNode(lambda: qml.expval(qml.Z(0)), qml.device("lightning.qubit", wires=1))
    jax.config.update("jax_enable_x64", False)
    try:
        qjit(circuit, autograph=False)()
    finally:
        jax.config.update("jax_enable_x64", True)


@entry(
    ValueError,
    "qjit was given static arguments that square does not have",
    "`static_argnums` or `static_argnames` names no argument of the function.",
    "Count from 0, or from -1 at the end; use the names of the definition.",
)
def static_argument_out_of_range():
    qjit(square, static_argnums=3)


@compile_error(
    "An array has a shape that is known only when the program runs",
    "A shape depends on the value of an argument.",
    "Make that argument static: `qjit(f, static_argnums=0)`.",
)
def traced_shape():
    qjit(lambda n: jnp.ones((n, 2)))(3)


@entry(
    TypeError,
    "and it transforms QNodes",
    "A transform of PennyLane's is applied to a compiled function that is no QNode.",
    "Apply it to the QNode that the function calls.",
)
def transform_of_a_function():
    qml.metric_tensor(qjit(square))
