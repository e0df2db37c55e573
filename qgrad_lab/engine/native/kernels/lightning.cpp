#include "kernels/lightning.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <numbers>
#include <vector>

// Lightning's tables of kernels are singletons in inline functions. With default visibility they
// are the objects of its shared library; hidden, they would be empty copies.
#pragma GCC visibility push(default)
#include <CPUMemoryModel.hpp>
#include <DynamicDispatcher.hpp>
#include <GateImplementationsLM.hpp>
#include <KernelMap.hpp>
#include <Threading.hpp>
#pragma GCC visibility pop

#include "ir/gate_table.hpp"
#include "kernels/generators.hpp"
#include "kernels/matrices.hpp"

namespace qgrad {
namespace {

namespace lightning = Pennylane::LightningQubit;
using Pennylane::Gates::ControlledGateOperation;
using Pennylane::Gates::ControlledMatrixOperation;
using Pennylane::Gates::GateOperation;
using Pennylane::Gates::KernelType;
using Pennylane::Gates::MatrixOperation;

template <class Real> const auto &dispatcher() {
    return lightning::DynamicDispatcher<Real>::getInstance();
}

// Lightning's own choice of kernel (LM, AVX2, AVX-512) for an operation. Our states are aligned for
// the widest vectors the processor has.
template <class Operation> KernelType kernel_for(Operation operation, std::size_t num_wires) {
    const auto map =
        lightning::KernelMap::OperationKernelMap<Operation>::getInstance().getKernelMap(
            num_wires, lightning::Util::Threading::SingleThread,
            Pennylane::Util::bestCPUMemoryModel());
    return map.at(operation);
}

MatrixOperation matrix_operation(std::size_t num_targets) {
    switch (num_targets) {
    case 1:
        return MatrixOperation::SingleQubitOp;
    case 2:
        return MatrixOperation::TwoQubitOp;
    default:
        return MatrixOperation::MultiQubitOp;
    }
}

ControlledMatrixOperation controlled_matrix_operation(std::size_t num_targets) {
    switch (num_targets) {
    case 1:
        return ControlledMatrixOperation::NCSingleQubitOp;
    case 2:
        return ControlledMatrixOperation::NCTwoQubitOp;
    default:
        return ControlledMatrixOperation::NCMultiQubitOp;
    }
}

template <class Real>
void prepare_basis_state(const Step &step, std::complex<Real> *ket, std::size_t num_wires) {
    std::fill(ket, ket + (std::size_t{1} << num_wires), std::complex<Real>{});
    ket[step.basis] = 1.0;
}

const Complex *numbers_of(const Step &step, const Operands &operands) {
    return step.gate->numbers_in_theta ? numbers_in(step, operands.theta)
                                       : operands.data + step.numbers;
}

// A matrix in the precision of a state: itself, or a copy in a vector that is reused.
const Complex *in_precision(const Complex *matrix, std::size_t /*size*/,
                            std::vector<Complex> & /*copy*/) {
    return matrix;
}

const std::complex<float> *in_precision(const Complex *matrix, std::size_t size,
                                        std::vector<std::complex<float>> &copy) {
    copy.resize(size);
    std::transform(matrix, matrix + size, copy.begin(),
                   [](const Complex &element) { return std::complex<float>(element); });
    return copy.data();
}

// An angle in the precision of a state. In single precision a large angle would lose its digits, so
// it is reduced first: all gates have period 4 pi.
template <class Real> Real angle_in_precision(double angle) {
    if constexpr (sizeof(Real) < sizeof(double)) {
        return static_cast<Real>(std::remainder(angle, 4.0 * std::numbers::pi));
    } else {
        return angle;
    }
}

template <class Real>
void apply_matrix(const Step &step, const Operands &operands, bool inverse, std::complex<Real> *ket,
                  std::size_t num_wires) {
    const Gate &gate = *step.gate;
    thread_local std::vector<std::complex<Real>> copy;
    const std::complex<Real> *matrix =
        in_precision(numbers_of(step, operands), std::size_t{1} << (2 * gate.targets.size()), copy);
    const auto kernel = static_cast<KernelType>(gate.kernel);
    if (gate.controls.empty()) {
        dispatcher<Real>().applyMatrix(kernel, ket, num_wires, matrix, gate.targets, inverse);
    } else {
        dispatcher<Real>().applyControlledMatrix(kernel, ket, num_wires, matrix, gate.controls,
                                                 gate.control_values, gate.targets, inverse);
    }
}

// exp(i angle G) of a diagonal G with values +1 below gate.dimension and -1 from it on.
template <class Real>
void apply_diagonal(const Gate &gate, double angle, std::complex<Real> *ket,
                    std::size_t num_wires) {
    const Complex upper = std::polar(1.0, angle);
    const std::size_t dimension = gate.opcode == Opcode::global_phase ? 1 : gate.dimension;
    multiply_split(gate.generator.target_bits, dimension, gate.control_mask, gate.control_bits,
                   upper, std::conj(upper), ket, std::size_t{1} << num_wires);
}

// Lightning's name of a gate together with its controls, or nullptr if that has no kernel of its
// own.
const char *dedicated_kernel(const Gate &gate, const GateInfo &info) {
    if (gate.controls.empty()) {
        return info.kernel;
    }
    if (!std::ranges::all_of(gate.control_values, std::identity{})) {
        return nullptr;
    }
    switch (gate.controls.size()) {
    case 1:
        return info.one_control;
    case 2:
        return info.two_controls;
    default:
        return nullptr;
    }
}

} // namespace

void choose_kernel(Gate &gate, std::size_t num_wires) {
    const GateInfo &info = *find_gate(gate.opcode);
    KernelType kernel = KernelType::None;
    if (gate.opcode == Opcode::qubit_unitary) {
        kernel = gate.controls.empty()
                     ? kernel_for(matrix_operation(gate.targets.size()), num_wires)
                     : kernel_for(controlled_matrix_operation(gate.targets.size()), num_wires);
    } else if (info.kernel != nullptr) {
        const char *const name = dedicated_kernel(gate, info);
        gate.kernel_wires.clear();
        if (name != nullptr) {
            // A dedicated kernel takes the controls as its first wires.
            gate.operation = static_cast<std::uint32_t>(dispatcher<double>().strToGateOp(name));
            gate.kernel_wires = gate.controls;
            gate.kernel_wires.insert(gate.kernel_wires.end(), gate.targets.begin(),
                                     gate.targets.end());
            kernel = kernel_for(static_cast<GateOperation>(gate.operation), num_wires);
        } else {
            gate.operation = static_cast<std::uint32_t>(
                dispatcher<double>().strToControlledGateOp(info.controlled_kernel));
            kernel = kernel_for(static_cast<ControlledGateOperation>(gate.operation), num_wires);
        }
    }
    gate.kernel = static_cast<int>(kernel);
}

template <class Real>
void apply(const Step &step, const Operands &operands, bool inverse, std::complex<Real> *ket,
           std::size_t num_wires) {
    const Gate &gate = *step.gate;
    const bool backward = gate.adjoint != inverse;
    switch (gate.opcode) {
    case Opcode::identity:
        return;
    case Opcode::basis_state:
        prepare_basis_state(step, ket, num_wires);
        return;
    case Opcode::state_prep:
        embed_state(gate, numbers_of(step, operands), ket, num_wires);
        return;
    case Opcode::qubit_unitary:
        apply_matrix(step, operands, backward, ket, num_wires);
        return;
    case Opcode::global_phase:
    case Opcode::pc_phase: {
        // The scale of the generator accounts for gate.adjoint already.
        const double angle = step.angle(operands.theta) * gate.generator.scale;
        apply_diagonal(gate, inverse ? -angle : angle, ket, num_wires);
        return;
    }
    case Opcode::pauli_rot:
        lightning::Gates::GateImplementationsLM::applyPauliRot<Real>(
            ket, num_wires, gate.targets, backward,
            angle_in_precision<Real>(step.angle(operands.theta)), gate.word);
        return;
    default:
        break;
    }
    // Lightning's kernels take a vector of angles; ours holds at most one, and is reused.
    thread_local std::vector<Real> angle;
    angle.clear();
    if (gate.angle.kind != Operand::Kind::none) {
        angle.push_back(angle_in_precision<Real>(step.angle(operands.theta)));
    }
    const auto kernel = static_cast<KernelType>(gate.kernel);
    if (!gate.kernel_wires.empty()) {
        dispatcher<Real>().applyOperation(kernel, ket, num_wires,
                                          static_cast<GateOperation>(gate.operation),
                                          gate.kernel_wires, backward, angle);
    } else {
        dispatcher<Real>().applyControlledGate(
            kernel, ket, num_wires, static_cast<ControlledGateOperation>(gate.operation),
            gate.controls, gate.control_values, gate.targets, backward, angle);
    }
}

template void apply(const Step &, const Operands &, bool, std::complex<float> *, std::size_t);
template void apply(const Step &, const Operands &, bool, std::complex<double> *, std::size_t);

} // namespace qgrad
