"""Circuits that cannot be compiled, measured or differentiated."""

import jax
import jax.numpy as jnp
import numpy as np
import pennylane as qml
import scipy.sparse

import qgrad_lab as lab
from qgrad_lab import grad, qjit
from tests.errors.table import compile_error, derivative_error, entry


def run(function, *args, wires=2, device="lightning.qubit", shots=None, **options):
    """Compile and call a QNode of ``function``."""
    qnode = qml.QNode(function, qml.device(device, wires=wires), **options)
    return qjit(qml.set_shots(qnode, shots=shots) if shots else qnode)(*args)


def differentiate(function, *args, wires=2, device="lightning.qubit", shots=None, **options):
    """The gradient of a QNode of ``function``."""
    qnode = qml.QNode(function, qml.device(device, wires=wires), **options)
    return qjit(grad(qml.set_shots(qnode, shots=shots) if shots else qnode))(*args)


def rotated(x):
    qml.RX(x, wires=0)
    return qml.expval(qml.Z(0))


# -- How a QNode is differentiated -----------------------------------------------------------------


@derivative_error(
    "Cannot differentiate a QNode explicitly marked non-differentiable",
    "The QNode has `diff_method=None`.",
    "Give it `'adjoint'` or `'parameter-shift'`.",
)
def not_differentiable():
    differentiate(rotated, 0.3, diff_method=None)


@derivative_error(
    "Finite differences at the QNode level is not supported",
    "The QNode has `diff_method='finite-diff'`.",
    "`grad(..., method='fd')` for finite differences of the whole function.",
)
def finite_differences_of_a_qnode():
    differentiate(rotated, 0.3, diff_method="finite-diff")


@derivative_error(
    "Invalid gradient method 'hadamard'",
    "A `diff_method` such as `'hadamard'` or `'spsa'`.",
    "`'adjoint'`, `'parameter-shift'`, `'best'` or `'device'`.",
)
def another_gradient_method():
    differentiate(rotated, 0.3, diff_method="hadamard")


@derivative_error(
    "needs the exact state",
    "The adjoint method of a QNode with shots, which has no exact state.",
    "`diff_method='parameter-shift'`, or no shots.",
)
def adjoint_with_shots():
    differentiate(rotated, 0.3, diff_method="adjoint", shots=10)


@compile_error(
    "RX stands in a function that a transformation of JAX traces on its own",
    "Gates in `jax.lax.cond`, `while_loop`, `jax.vmap`, `jax.grad` or `jax.checkpoint`.",
    "`for_loop`, `while_loop` and `cond` of `qgrad_lab`.",
)
def gates_in_a_branch_of_jax():
    def circuit(x):
        jax.lax.cond(x > 0, lambda: (qml.RX(0.5, 0), 0)[1], lambda: 0)
        return qml.expval(qml.Z(0))

    run(circuit, 0.3)


# -- What a quantum function returns ---------------------------------------------------------------


@compile_error(
    "returned PauliZ; it returns measurements",
    "A quantum function returns something else than measurements, numbers and arrays.",
    "`return qml.expval(...)`; outcomes, numbers and arrays may stand beside or alone.",
)
def an_operator_is_returned():
    run(lambda x: qml.Z(0), 0.3)


@compile_error(
    "makes the measurement .* and does not return it",
    "A measurement is made and dropped.",
    "Return all measurements.",
)
def a_dropped_measurement():
    def circuit(x):
        qml.RX(x, wires=0)
        qml.var(qml.X(0))
        return qml.expval(qml.Z(0))

    run(circuit, 0.3)


@compile_error(
    "which was made outside of it",
    "A measurement that was made before the quantum function ran.",
    "Make it inside.",
)
def a_measurement_from_outside():
    made = qml.expval(qml.Z(0))

    def circuit(x):
        qml.RX(x, wires=0)
        return made, qml.expval(qml.X(0))

    run(circuit, 0.3)


@compile_error(
    "cannot be compiled. A circuit without shots is exact",
    "`qml.sample` or `qml.counts` without shots.",
    "`qml.set_shots(qnode, 1000)`.",
)
def samples_without_shots():
    run(lambda x: qml.sample(wires=0), 0.3)


@compile_error(
    "cannot be compiled for a circuit with shots",
    "The state, or what is computed from it, with shots.",
    "`qml.set_shots(qnode, None)`.",
)
def a_state_with_shots():
    run(lambda x: qml.state(), 0.3, shots=10)


@compile_error(
    "A measurement has a wire that is known only when the program runs",
    "A traced wire in a density matrix, a purity, an entropy or a shadow.",
    "Measure a known wire; a `qml.SWAP` may bring the traced one there.",
)
def a_traced_wire_is_measured():
    run(lambda i: qml.purity(wires=[i]), 1)


@compile_error(
    "its eigenbasis depends on traced",
    "`qml.probs(op=...)` of an observable with traced numbers.",
    "A known observable, or a single `qml.Hermitian`.",
)
def probabilities_of_a_traced_observable():
    def circuit(x):
        matrix = jnp.array([[1.0, 0.0], [0.0, -1.0]]) * x
        return qml.probs(op=qml.Hermitian(matrix, wires=0) @ qml.Hermitian(matrix, wires=1))

    run(circuit, 0.3)


# -- Observables -----------------------------------------------------------------------------------


@compile_error(
    "not Hermitian",
    "An observable has complex coefficients or a matrix that is not Hermitian.",
    "Real coefficients; `(A + A.conj().T) / 2`.",
)
def an_observable_that_is_not_hermitian():
    run(lambda x: qml.expval(1j * qml.X(0)), 0.3)


@compile_error(
    "not Hermitian",
    "A `SparseHamiltonian` that is not Hermitian.",
    "Correct the matrix.",
)
def a_sparse_matrix_that_is_not_hermitian():
    matrix = scipy.sparse.csr_matrix(np.triu(np.ones((4, 4))))
    run(lambda x: qml.expval(qml.SparseHamiltonian(matrix, wires=[0, 1])), 0.3)


@compile_error(
    "not Hermitian",
    "A `SparseHamiltonian` on many wires that is not Hermitian.",
    "Correct the matrix.",
)
def a_large_sparse_matrix_that_is_not_hermitian():
    matrix = scipy.sparse.diags([np.ones(2**10), np.ones(2**10 - 1)], [0, 1], format="csr")
    run(lambda x: qml.expval(qml.SparseHamiltonian(matrix, wires=range(10))), 0.3, wires=10)


@compile_error(
    "not Hermitian",
    "A matrix on many wires that is not Hermitian.",
    "`(A + A.conj().T) / 2`.",
)
def a_large_matrix_that_is_not_hermitian():
    matrix = np.triu(np.ones((2**8, 2**8)))
    run(lambda x: qml.expval(qml.Hermitian(matrix, wires=range(8))), 0.3, wires=8)


class Wide(qml.operation.Operator):
    """An observable of any number of wires, known by its matrix alone."""

    @staticmethod
    def compute_matrix():
        return np.eye(2)


@compile_error(
    "the dense matrix of an observable may act on",
    "An observable on many wires that is no sum of Pauli words.",
    "A sum of Pauli words, or `qml.SparseHamiltonian`.",
)
def a_dense_observable_on_many_wires():
    run(lambda x: qml.expval(Wide(wires=range(16))), 0.3, wires=16)


@compile_error(
    "it has no matrix",
    "An observable that PennyLane knows no matrix of.",
    "Sums and products of Pauli operators, or `qml.Hermitian`.",
)
def an_observable_without_matrix():
    class Unknown(qml.operation.Operator):
        num_wires = 1

    run(lambda x: qml.expval(Unknown(wires=0)), 0.3)


@compile_error(
    "A coefficient of an observable has shape",
    "A coefficient is an array.",
    "One number for each term.",
)
def an_array_of_coefficients():
    run(lambda x: qml.expval(qml.s_prod(x, qml.Z(0))), jnp.ones(2))


# -- Operations ------------------------------------------------------------------------------------


@compile_error(
    "angles are real numbers",
    "A complex angle.",
    "`jnp.real(...)`.",
)
def a_complex_angle():
    run(rotated, 0.3 + 1j)


@compile_error("which is not real", "A complex angle.", "`.real`.")
def a_known_complex_angle():
    def circuit(x):
        qml.RX(0.3 + 0.1j, wires=0)
        return rotated(x)

    run(circuit, 0.3)


@compile_error("not a finite number", "An angle is infinite or not a number.", "Correct it.")
def an_infinite_angle():
    def circuit(x):
        qml.RX(np.inf, wires=0)
        return rotated(x)

    run(circuit, 0.3)


@compile_error(
    "it is one integer",
    "A wire, or a bit, is not an integer.",
    "`.astype(int)`.",
)
def a_wire_of_another_type():
    def circuit(x):
        qml.X(wires=x)
        return qml.expval(qml.Z(0))

    run(circuit, 0.5)


@compile_error(
    "a state has norm 1",
    "A known state of another norm.",
    "Divide it by its norm, or `normalize=True`.",
)
def a_state_of_another_norm():
    def circuit(x):
        qml.StatePrep(np.array([1.0, 1.0]), wires=0, validate_norm=False)
        return rotated(x)

    run(circuit, 0.3)


@compile_error(
    "which the device does not have",
    "An operation on a wire that is none of the device's.",
    "Use one of its wires, or create it with more.",
)
def an_unknown_wire():
    def circuit(x):
        qml.X(wires="a")
        return rotated(x)

    run(circuit, 0.3)


@compile_error(
    "fits no machine",
    "A circuit of more than 62 wires or so.",
    "Fewer wires.",
)
def too_many_wires():
    run(rotated, 0.3, wires=100)


@compile_error(
    "it does not take a batch of parameters",
    "An array as the angle of an operation that cannot be broadcast.",
    "`jax.vmap` of the QNode, or one number.",
)
def no_batch():
    class Scalar(qml.RX):
        name = "RX"
        ndim_params = (1,)

    def circuit(x):
        Scalar(x, wires=0)
        return qml.expval(qml.Z(0))

    run(circuit, jnp.array([0.1, 0.2]))


@compile_error(
    "does not provide a decomposition or a matrix",
    "An operation of your own that says neither what it consists of nor what it does.",
    "`compute_decomposition` or `compute_matrix` in its class.",
)
def neither_decomposition_nor_matrix():
    class Unknown(qml.operation.Operation):
        num_wires = 1

    def circuit(x):
        Unknown(x, wires=0)
        return qml.expval(qml.Z(0))

    run(circuit, 0.3)


@compile_error(
    "is applied as a matrix, which may act on 10",
    "`qml.evolve` of a sum on many wires, or another gate that has a matrix only.",
    "`qml.TrotterProduct` or `qml.ApproxTimeEvolution`; for an own gate a decomposition.",
)
def a_large_matrix_of_a_gate():
    def circuit(x):
        qml.evolve(qml.sum(*map(qml.X, range(11)), qml.Z(0)), x)
        return qml.expval(qml.Z(0))

    run(circuit, 0.3, wires=11)


@compile_error(
    "is a fractional power of a gate that depends on traced values",
    "`qml.pow` with a fraction, of a gate that has a matrix only.",
    "A rotation with a scaled angle, `qml.exp` of its generator, or an integer power.",
)
def a_fractional_power_of_a_traced_gate():
    def circuit(x):
        matrix = jnp.array([[jnp.cos(x), -jnp.sin(x)], [jnp.sin(x), jnp.cos(x)]])
        qml.pow(qml.prod(qml.QubitUnitary(matrix, wires=0), qml.CNOT([0, 1])), 0.5)
        return qml.expval(qml.Z(0))

    run(circuit, 0.3)


@compile_error(
    "stands in a circuit as a gate, and is not unitary",
    "An observable that was made and not used, or `qml.exp` of a real number.",
    "Measure it with `qml.expval(H)`, or evolve by it with `qml.evolve(H, t)`.",
)
def a_gate_that_is_not_unitary():
    def circuit(x):
        x * qml.Z(0) + qml.X(1)
        return qml.expval(qml.Z(0))

    run(circuit, 0.3)


@compile_error(
    "acts on itself|that it acts on",
    "A loop or a branch under `qml.ctrl` uses its control wire.",
    "Another control wire.",
)
def a_controlled_loop_on_its_control():
    def circuit(x):
        @lab.for_loop(0, 2, 1)
        def loop(i):
            qml.RX(x, wires=0)

        qml.ctrl(loop, control=0)()
        return qml.expval(qml.Z(0))

    run(circuit, 0.3)


@compile_error(
    "qml.ctrl was given the control wire",
    "A loop or a branch is controlled by a wire that is none of the device's.",
    "Use one of its wires.",
)
def a_loop_on_an_unknown_control():
    def circuit(x):
        @lab.for_loop(0, 2, 1)
        def loop(i):
            qml.RX(x, wires=0)

        qml.ctrl(loop, control="a")()
        return qml.expval(qml.Z(0))

    run(circuit, 0.3)


@compile_error(
    "acts on a wire that is known only when the program runs, and its device has no wires",
    "A traced wire on a device without wires.",
    "`qml.device('lightning.qubit', wires=...)`.",
)
def a_traced_wire_without_wires():
    def circuit(x):
        qml.RX(x, wires=jnp.asarray(x, int))
        return qml.expval(qml.Z(0))

    run(circuit, 0.3, wires=None)


@compile_error(
    "inside a loop or a branch. Measurements stand at the end",
    "A measurement is made in a loop or a branch.",
    "Return it from the quantum function.",
)
def a_measurement_in_a_loop():
    def circuit(x):
        lab.for_loop(0, 2, 1)(lambda i: rotated(x) and None)()
        return qml.expval(qml.Z(0))

    run(circuit, 0.3)


@compile_error(
    "was given a batch of parameters. Parameter broadcasting reaches into",
    "An array as an angle inside a branch, or a loop whose length is known only when it runs.",
    "`jax.vmap` of the QNode.",
)
def a_batch_in_a_branch():
    def circuit(x):
        lab.cond(x[0] > 0, lambda: qml.RX(x, wires=0))()
        return qml.expval(qml.Z(0))

    run(circuit, jnp.array([0.1, 0.2]))


@compile_error(
    "at run time have at most",
    "A loop whose length is known only when it runs does not come to an end, or carries too much.",
    "See to its condition; or let its bounds be known when it is compiled.",
)
def an_endless_loop():
    def f(x):
        return lab.while_loop(lambda c: c < 2.0)(lambda c: c * 1.0)(x)

    qjit(grad(f))(0.5)


# -- Measurements in the middle --------------------------------------------------------------------


@derivative_error(
    "MidCircuitMeasure is not allowed",
    "The gradient of one run of a circuit, whose outcomes are drawn.",
    "Measurements alone are returned, which are then means over all outcomes.",
)
def a_gradient_through_a_measurement():
    @qml.qnode(qml.device("lightning.qubit", wires=1))
    def circuit(x):
        qml.RX(x, wires=0)
        return lab.measure(0), qml.expval(qml.Z(0))

    qjit(lab.grad(lambda x: circuit(x)[1]))(0.3)


@compile_error(
    "stands outside of a quantum function",
    "`measure` outside of a QNode.",
    "Call it in a quantum function.",
)
def a_measurement_outside():
    qjit(lambda x: lab.measure(0))(0.3)


@compile_error(
    "MidCircuitMeasure is not allowed here",
    "`measure` under `qml.adjoint` or `qml.ctrl`.",
    "A measurement outside of that function.",
)
def measuring_in_an_adjoint():
    def circuit(x):
        qml.adjoint(lambda: lab.measure(0) and None)()
        return qml.expval(qml.Z(0))

    run(circuit, 0.3)


@entry(
    ValueError,
    "measure was given postselect=2",
    "`postselect` is neither 0 nor 1.",
    "0, 1 or nothing.",
)
def another_postselection():
    def circuit(x):
        lab.measure(0, postselect=2)
        return qml.expval(qml.Z(0))

    run(circuit, 0.3)


@compile_error(
    "measure was given the wires|acts on a wire that the device does not have",
    "`measure` of several wires, or of one that is none of the device's.",
    "Measure one wire at a time.",
)
def measuring_two_wires():
    def circuit(x):
        lab.measure([0, 1])
        return qml.expval(qml.Z(0))

    run(circuit, 0.3)


@compile_error(
    "acts on a wire that the device does not have",
    "`measure` of a wire that is none of the device's.",
    "Use one of its wires.",
)
def measuring_an_unknown_wire():
    def circuit(x):
        lab.measure("a")
        return qml.expval(qml.Z(0))

    run(circuit, 0.3)


# -- Autograph and PennyLane's own functions -------------------------------------------------------


@compile_error(
    "autograph cannot convert",
    "`qjit(autograph=True)` of a function without source, such as a builtin.",
    "A plain function in a file or a notebook cell.",
)
def no_source():
    qjit(eval("lambda x: x"), autograph=True)(1.0)


@compile_error(
    "has no value when the loop|has no value when",
    "A variable that a traced loop sets has no value before it.",
    "Give it one before the loop.",
)
def a_variable_without_value():
    def f(n):
        for i in range(n):
            last = 2.0 * i
        return last

    qjit(f, autograph=True)(3)


@compile_error(
    "differs between the branches of an if statement",
    "A variable has another structure in each branch of a traced `if`.",
    "Numbers or arrays of the same structure in both.",
)
def another_variable_in_each_branch():
    def f(x):
        if x > 0:
            y = (x, x)
        else:
            y = [x]
        return y[0]

    qjit(f, autograph=True)(1.0)


@compile_error(
    "A range with a traced bound was used in another way",
    "`list(range(n))` and the like of a traced `n`.",
    "Use the range in a `for` statement.",
)
def a_list_of_traced_length():
    def f(n):
        return list(range(n))

    qjit(f, autograph=True)(3)


@compile_error(
    "loop over traced values changes",
    "A traced loop changes an object that is no number, or the length of a list.",
    "Change values only.",
)
def a_list_grows_in_a_loop():
    def f(n):
        found = ["a"]
        for _ in range(n):
            found = [*found, "b"]
        return n + len(found)

    qjit(f, autograph=True)(3)


@compile_error(
    "allow_array_resizing=True",
    "`qml.for_loop` or `qml.while_loop` with `allow_array_resizing`.",
    "Carry an array of the largest shape.",
)
def arrays_that_change_their_shape():
    def f(x):
        return qml.for_loop(0, 3, 1, allow_array_resizing=True)(lambda i, c: c)(x)

    qjit(f)(1.0)


# -- Other devices ---------------------------------------------------------------------------------


@compile_error(
    "may not depend on traced values",
    "A traced loop or branch on another device than `lightning.qubit`.",
    "`qml.device('lightning.qubit', wires=...)`, or static arguments.",
)
def a_traced_loop_on_another_device():
    def circuit(n):
        if n > 1:
            qml.X(0)
        return qml.expval(qml.Z(0))

    run(circuit, 3, device="default.qubit")


@compile_error(
    "acts on a traced wire",
    "A traced wire on another device than `lightning.qubit`.",
    "`qml.device('lightning.qubit', wires=...)`.",
)
def a_traced_wire_on_another_device():
    def circuit(i):
        qml.X(wires=i)
        return qml.expval(qml.Z(0))

    run(circuit, 1, device="default.qubit")


@compile_error(
    "has no shape that is known before it runs",
    "Samples without shots, or counts, on another device.",
    "`qml.expval`, `qml.var`, `qml.probs`, or `qml.sample` with shots.",
)
def counts_on_another_device():
    run(lambda x: qml.counts(wires=0), 0.3, device="default.qubit", shots=10)


@compile_error(
    "does not support for this circuit",
    "`diff_method='adjoint'` where the device has no adjoint method for the circuit.",
    "`diff_method='parameter-shift'`, or `lightning.qubit`.",
)
def an_unsupported_method_on_another_device():
    def circuit(x):
        qml.RX(x, wires=0)
        return qml.expval(qml.Z(0))

    qnode = qml.QNode(circuit, qml.device("default.qubit", wires=1), diff_method="adjoint")
    qjit(grad(qml.set_shots(qnode, 10)))(0.3)


@derivative_error(
    "which are not all real numbers",
    "The gradient of a complex result on another device.",
    "`diff_method='backprop'`, or `lightning.qubit`.",
)
def a_complex_result_on_another_device():
    def circuit(x):
        qml.RX(x, wires=0)
        return qml.state()

    node = qml.QNode(circuit, qml.device("default.qubit", wires=1), diff_method="parameter-shift")
    qjit(grad(lambda x: jnp.real(node(x))[0]))(0.3)


@derivative_error(
    "as in a matrix",
    "The gradient in a complex matrix on another device.",
    "`diff_method='backprop'`, or `lightning.qubit`.",
)
def a_matrix_on_another_device():
    def circuit(x):
        qml.QubitUnitary(jnp.diag(jnp.exp(1j * x * jnp.arange(2.0))), wires=0)
        return qml.expval(qml.X(0))

    differentiate(circuit, 0.3, device="default.qubit", diff_method="parameter-shift")


@derivative_error(
    "an observable with a coefficient that depends",
    "The gradient in a coefficient of an observable by the adjoint method of another device.",
    "`diff_method='parameter-shift'`, or `lightning.qubit`.",
)
def a_coefficient_on_another_device():
    def circuit(x):
        qml.RX(0.3, wires=0)
        return qml.expval(x * qml.Z(0))

    differentiate(circuit, 0.3, device="default.qubit", diff_method="adjoint")


@derivative_error(
    "explicitly marked non-differentiable",
    "The gradient of a QNode with `diff_method=None` on another device.",
    "Give it a `diff_method`.",
)
def not_differentiable_on_another_device():
    differentiate(rotated, 0.3, device="default.qubit", diff_method=None)


@derivative_error(
    "has first derivatives only",
    "A second derivative on another device of an operation without known frequencies.",
    "`lightning.qubit`, or `default.qubit` with `diff_method='backprop'`.",
)
def second_derivatives_on_another_device():
    def circuit(x):
        qml.BasicEntanglerLayers(jnp.reshape(x, (1, 1)), wires=[0])
        return qml.expval(qml.Z(0))

    device = qml.device("default.qubit", wires=1)
    qjit(jax.hessian(qml.QNode(circuit, device, diff_method="parameter-shift")))(0.3)


# -- More of measurements in the middle ------------------------------------------------------------


@compile_error(
    "in a compiled program it is None|In a compiled program it is None",
    "An `mcm_method` that there is not.",
    "`None`, `'one-shot'`, `'tree-traversal'` or `'deferred'`.",
)
def another_method_of_measuring():
    def circuit(x):
        lab.measure(0)
        return rotated(x)

    run(circuit, 0.3, shots=10, mcm_method="device")


@compile_error(
    "has mcm_method='one-shot' and no shots",
    "`mcm_method='one-shot'` without shots.",
    "Shots, or `mcm_method='tree-traversal'`.",
)
def one_shot_without_shots():
    def circuit(x):
        lab.measure(0)
        return rotated(x)

    run(circuit, 0.3, mcm_method="one-shot")


@compile_error(
    "measures in the middle more than 24 times",
    "Means over the outcomes of very many measurements.",
    "Shots; or an outcome is returned, so that one run is drawn.",
)
def too_many_outcomes():
    def circuit(x):
        for _ in range(25):
            lab.measure(0)
        return rotated(x)

    run(circuit, 0.3)


@compile_error(
    "leaves a mixture of states",
    "`qml.state` of a circuit that measures in the middle.",
    "`qml.density_matrix`.",
)
def the_state_of_a_mixture():
    def circuit(x):
        qml.RX(x, wires=0)
        lab.measure(0)
        return qml.state()

    run(circuit, 0.3)


@compile_error(
    "of the result of measure cannot be compiled",
    "The same of one run.",
    "`qml.expval`, `qml.var` or `qml.probs` of outcomes.",
)
def samples_of_the_outcome_of_one_run():
    def circuit(x):
        qml.RX(x, wires=0)
        m = lab.measure(0)
        return m, qml.sample(m)

    run(circuit, 0.3)


@compile_error(
    "CountsMP.* cannot be compiled. A circuit without shots is exact|counts.* cannot be compiled",
    "`qml.counts` or `qml.sample` without shots, beside `measure`.",
    "Shots.",
)
def counts_beside_a_measurement():
    def circuit(x):
        qml.RX(x, wires=0)
        lab.measure(0)
        return qml.counts(wires=0)

    run(circuit, 0.3)


@compile_error(
    "was given a batch of parameters, and the circuit measures",
    "Parameter broadcasting after a measurement in the middle.",
    "`jax.vmap` of the QNode.",
)
def a_batch_after_a_measurement():
    def circuit(x):
        lab.measure(0)
        qml.RX(x, wires=0)
        return qml.expval(qml.Z(0))

    run(circuit, jnp.array([0.1, 0.2]))


@compile_error(
    "a transform of it makes several circuits",
    "A transform that splits a circuit which measures in the middle.",
    "`mcm_method='deferred'`.",
)
def a_transform_that_splits_beside_measure():
    @qml.transforms.split_non_commuting
    @qml.qnode(qml.device("lightning.qubit", wires=1))
    def circuit(x):
        qml.RX(x, wires=0)
        lab.measure(0)
        return qml.expval(qml.Z(0)), qml.expval(qml.X(0))

    qjit(circuit)(0.3)


@compile_error(
    "postselect_mode='hw-like'",
    "`postselect_mode='hw-like'`, which leaves out shots, where all have the same outcomes.",
    "`mcm_method='one-shot'`, or `'fill-shots'`.",
)
def shots_that_are_left_out():
    def circuit(x):
        lab.measure(0, postselect=0)
        return rotated(x)

    method = "single-branch-statistics"
    run(circuit, 0.3, shots=10, postselect_mode="hw-like", mcm_method=method)


@compile_error(
    "has a qml.Snapshot and measures in the middle",
    "`qml.Snapshot` beside `measure`.",
    "Snapshots of circuits without `measure`.",
)
def a_snapshot_beside_a_measurement():
    def circuit(x):
        qml.Snapshot()
        lab.measure(0)
        return rotated(x)

    run(circuit, 0.3)


@compile_error(
    "qml.Snapshot inside a branch or a loop of unknown length",
    "`qml.Snapshot` in a branch, so that it is not known how many there are.",
    "A snapshot outside of it.",
)
def a_snapshot_in_a_branch():
    def circuit(x):
        lab.cond(x > 0, lambda: qml.Snapshot() and None)()
        return rotated(x)

    run(circuit, 0.3)


@compile_error(
    "Give every qml.Snapshot a tag",
    "`qml.snapshots` in a compiled program, of snapshots without tags.",
    "Tags; or no `qml.snapshots`.",
)
def snapshots_without_tags():
    def circuit(x):
        qml.Snapshot()
        return rotated(x)

    qjit(qml.snapshots(qml.QNode(circuit, qml.device("lightning.qubit", wires=1))))(0.3)


@compile_error(
    "qml.shadow_expval was given k=0",
    "`qml.shadow_expval` with more parts than shots, or none.",
    "1 part, or up to the number of shots.",
)
def a_shadow_of_no_parts():
    run(lambda: qml.shadow_expval(qml.Z(0), k=0), shots=10)


@compile_error(
    "no sum of Pauli words that are known",
    "`qml.shadow_expval` of an observable on many wires that is no sum of Pauli words.",
    "A sum of Pauli words.",
)
def a_shadow_of_a_wide_observable():
    matrix = scipy.sparse.identity(2**7, format="csr")
    run(
        lambda: qml.shadow_expval(qml.SparseHamiltonian(matrix, wires=range(7))),
        wires=7,
        shots=10,
    )


@compile_error("measure takes one wire", "`measure` of an array of wires.", "One wire at a time.")
def measuring_an_array_of_wires():
    def circuit(i):
        lab.measure(i)
        return qml.expval(qml.Z(0))

    run(circuit, jnp.array([0, 1]))


@compile_error(
    "was given a batch of parameters, and the circuit measures",
    "Parameter broadcasting in a circuit that measures in the middle.",
    "`jax.vmap` of the QNode.",
)
def a_batch_before_a_measurement():
    def circuit(x):
        qml.RX(x, wires=0)
        lab.measure(0)
        return qml.expval(qml.Z(0))

    run(circuit, jnp.array([0.1, 0.2]))


@compile_error(
    "of the result of measure cannot be compiled",
    "A measurement of an outcome that there is none of, such as samples without shots.",
    "Return the outcome itself.",
)
def samples_of_an_outcome_without_shots():
    def circuit(x):
        m = qml.measure(0)
        return qml.sample(m)

    run(circuit, 0.3)


@compile_error(
    "MidCircuitMeasure is not allowed",
    "PennyLane's own `MidMeasure`, which no transform has replaced.",
    "`qgrad_lab.measure`, `qml.measure`, or `qml.defer_measurements`.",
)
def pennylanes_own_measurement():
    def circuit(x):
        qml.ops.MidMeasure(wires=[0])
        return rotated(x)

    run(circuit, 0.3)


# -- With shots ------------------------------------------------------------------------------------


@derivative_error(
    "has shots, and is differentiated in a matrix",
    "The gradient in a matrix or a state of a circuit with shots.",
    "`qml.set_shots(qnode, None)`.",
)
def a_matrix_with_shots():
    def circuit(x):
        qml.QubitUnitary(jnp.diag(jnp.exp(1j * x * jnp.arange(2.0))), wires=0)
        return qml.expval(qml.X(0))

    differentiate(circuit, 0.3, shots=10, diff_method="parameter-shift")


@compile_error(
    "not Hermitian: it cannot be sampled",
    "An observable that is not Hermitian, with shots.",
    "Correct it.",
)
def a_matrix_that_is_not_hermitian_with_shots():
    matrix = scipy.sparse.csr_matrix(np.triu(np.ones((4, 4))))
    run(lambda x: qml.sample(qml.SparseHamiltonian(matrix, wires=[0, 1])), 0.3, shots=10)


@compile_error(
    "not Hermitian: it cannot be sampled",
    "An imaginary multiple of an observable, with shots.",
    "A real multiple.",
)
def an_imaginary_observable_with_shots():
    run(lambda x: qml.sample(1j * qml.X(0)), 0.3, shots=10)


@compile_error(
    "cannot be sampled as a whole",
    "`qml.sample` or `qml.probs` of an observable with traced numbers, with shots.",
    "Its expectation value, or `qml.Hermitian` of its matrix.",
)
def samples_of_a_traced_sum():
    def circuit(x):
        return qml.sample(x * qml.X(0) + qml.Z(0))

    run(circuit, 0.3, shots=10)


@compile_error(
    "with shots, an observable that is not made of Pauli operators",
    "An observable on many wires that is no sum of Pauli words, with shots.",
    "A sum of Pauli words.",
)
def a_wide_observable_with_shots():
    matrix = scipy.sparse.identity(2**13, format="csr")
    run(
        lambda x: qml.sample(qml.SparseHamiltonian(matrix, wires=range(13))),
        0.3,
        wires=13,
        shots=10,
    )


@entry(
    ValueError,
    "qml.ctrl was given 33 of type int",
    "What is under `qml.ctrl` or `qml.adjoint` applies nothing.",
    "An operator, or a function that applies operators.",
)
def a_controlled_number():
    def circuit(x):
        qml.ctrl(33, control=[0])
        return qml.expval(qml.Z(0))

    run(circuit, 0.3)


@entry(
    ValueError,
    "stands in a function under qml.adjoint",
    "A function under `qml.adjoint` or `qml.ctrl` makes a measurement.",
    "Measure after it.",
)
def a_measurement_process_in_an_adjoint():
    def circuit(x):
        qml.adjoint(lambda: qml.expval(qml.Z(0)))()
        return qml.expval(qml.Z(0))

    run(circuit, 0.3)


@compile_error(
    "has the compiler pass <split-non-commuting",
    "The QNode has a pass of Catalyst's compiler, which transforms no circuit of PennyLane.",
    "Leave it out, or apply a transform of PennyLane's.",
)
def a_pass_of_catalyst():
    @qml.transform(pass_name="split-non-commuting")
    @qml.qnode(qml.device("lightning.qubit", wires=1))
    def circuit(x):
        return qml.expval(qml.Z(0))

    qjit(circuit)(0.3)


# -- Wires that are allocated ----------------------------------------------------------------------


def twice(x):
    for _ in range(2):
        with qml.allocate(1) as (extra,):
            qml.RX(x, extra)


@compile_error(
    "has qml.allocate beside a loop",
    "`qml.allocate` beside a loop, a branch, `measure` or a traced wire.",
    "Wires of the device.",
)
def wires_allocated_in_a_loop():
    def circuit(x):
        lab.for_loop(0, 3, 1)(lambda i: twice(x))()
        return qml.expval(qml.Z(0))

    run(circuit, 0.3)


@compile_error(
    "allocates more wires than are free",
    "`qml.allocate` of more wires than the device has beside those that are used.",
    "A device with more wires, or without wires.",
)
def too_many_allocated_wires():
    def circuit(x):
        twice(x)
        return qml.expval(qml.Z(0))

    run(circuit, 0.3)


@compile_error(
    "allocates a wire again that was left in another state",
    "All wires of a device without wires are measured, and an allocated one would be reset.",
    "Named wires, or `restored=True`.",
)
def all_wires_and_allocated_ones():
    def circuit(x):
        twice(x)
        return qml.probs()

    run(circuit, 0.3, wires=None)


@compile_error(
    "uses an allocated wire after it was deallocated",
    "A gate on a wire after `qml.deallocate`.",
    "The gate inside the `with` block of `qml.allocate`.",
)
def a_wire_after_its_deallocation():
    def circuit(x):
        wires = qml.allocate(1)
        qml.deallocate(wires)
        qml.RX(x, wires)
        return qml.expval(qml.Z(0))

    run(circuit, 0.3)


# -- Numbers that are known when a program is compiled ---------------------------------------------


@compile_error(
    "The number of shots of circuit is a traced value",
    "The number of shots is an argument of the compiled function.",
    "`static_argnums`, or a Python number.",
)
def a_traced_number_of_shots():
    @qml.qnode(qml.device("lightning.qubit", wires=1))
    def circuit():
        return qml.expval(qml.Z(0))

    qjit(lambda n: qml.set_shots(circuit, n)())(10)


@compile_error(
    "The wires of the device of rotated are given by a traced value",
    "The number of wires of a device is an argument of the compiled function.",
    "`static_argnums`, or a Python number.",
)
def a_traced_number_of_wires():
    qjit(lambda n: qml.QNode(rotated, qml.device("lightning.qubit", wires=n))(0.3))(2)


# -- What PennyLane refuses on other devices -------------------------------------------------------


@compile_error(
    "cannot be executed on the device default.qubit, as PennyLane says",
    "A circuit that the device does not execute, such as `qml.sample` without shots.",
    "What PennyLane's text says.",
)
def a_circuit_that_a_device_refuses():
    run(lambda x: qml.sample(wires=0), 0.3, device="default.qubit")


@entry(
    ValueError,
    "on the device default.qubit: .* not accepted with finite shots",
    "The same, found out when the program runs.",
    "What PennyLane's text says.",
)
def a_circuit_that_a_device_refuses_at_run_time():
    run(lambda x: qml.state(), 0.3, device="default.qubit", shots=5)
