#include "kernels/lightning.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <numbers>
#include <stdexcept>
#include <string>
#include <string_view>
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
void apply_matrix(const Gate &gate, const Complex *matrix, bool inverse, std::complex<Real> *ket,
                  std::size_t num_wires) {
    thread_local std::vector<std::complex<Real>> copy;
    const std::complex<Real> *own =
        in_precision(matrix, std::size_t{1} << (2 * gate.targets.size()), copy);
    const auto kernel = static_cast<KernelType>(gate.kernel);
    if (gate.controls.empty()) {
        dispatcher<Real>().applyMatrix(kernel, ket, num_wires, own, gate.targets, inverse);
    } else {
        dispatcher<Real>().applyControlledMatrix(kernel, ket, num_wires, own, gate.controls,
                                                 gate.control_values, gate.targets, inverse);
    }
}

template <class Real>
void apply_matrix_of_kind(const Step &step, const Operands &operands, bool inverse,
                          std::complex<Real> *ket, std::size_t num_wires) {
    const GateKind &kind = *step.gate->kind;
    thread_local std::vector<Complex> matrix;
    matrix.resize(std::size_t{1} << (2 * kind.num_targets));
    kind_matrix(kind, kind.has_angle() ? step.angle(operands.theta) : 0.0, matrix.data());
    apply_matrix(*step.gate, matrix.data(), inverse, ket, num_wires);
}

// exp(i angle G) of a diagonal G with values +1 below gate.dimension and -1 from it on, or 1.
template <class Real>
void apply_phases(const Gate &gate, double angle, std::complex<Real> *ket, std::size_t num_wires) {
    const Complex upper = std::polar(1.0, angle);
    const std::size_t dimension = gate.kind->extra == Extra::dimension ? gate.dimension : 1;
    multiply_split(gate.generator.target_bits, dimension, gate.control_mask, gate.control_bits,
                   upper, std::conj(upper), ket, std::size_t{1} << num_wires);
}

KernelType matrix_kernel(const Gate &gate, std::size_t num_wires) {
    const std::size_t k = gate.targets.size();
    return gate.controls.empty() ? kernel_for(matrix_operation(k), num_wires)
                                 : kernel_for(controlled_matrix_operation(k), num_wires);
}

bool has_controlled_kernel(std::string_view name) {
    const auto &names = Pennylane::Gates::Constant::controlled_gate_names;
    return std::ranges::any_of(names, [&](const auto &each) { return each.second == name; });
}

// The kernel of a gate that Lightning knows by its name, alone or with its controls.
KernelType choose_named_kernel(Gate &gate, std::size_t num_wires) {
    const bool all_ones = std::ranges::all_of(gate.control_values, std::identity{});
    const char *name = all_ones ? gate.kind->name_with(gate.controls.size()) : nullptr;
    if (name != nullptr && dispatcher<double>().hasGateOp(name)) {
        // A dedicated kernel takes the controls as its first wires.
        const GateOperation operation = dispatcher<double>().strToGateOp(name);
        gate.operation = static_cast<std::uint32_t>(operation);
        gate.kernel_wires = gate.controls;
        gate.kernel_wires.insert(gate.kernel_wires.end(), gate.targets.begin(), gate.targets.end());
        return kernel_for(operation, num_wires);
    }
    if (has_controlled_kernel(gate.kind->name)) {
        const auto operation = dispatcher<double>().strToControlledGateOp(gate.kind->name);
        gate.operation = static_cast<std::uint32_t>(operation);
        return kernel_for(operation, num_wires);
    }
    if (gate.kind->waves.empty()) {
        throw std::logic_error(std::string(gate.kind->name) + " has neither a kernel nor a matrix");
    }
    gate.by_matrix_of_kind = true;
    return matrix_kernel(gate, num_wires);
}

} // namespace

void choose_kernel(Gate &gate, std::size_t num_wires) {
    gate.kernel_wires.clear();
    gate.by_matrix_of_kind = false;
    KernelType kernel = KernelType::None;
    if (gate.kind->kernel == Kernel::matrix) {
        kernel = matrix_kernel(gate, num_wires);
    } else if (gate.kind->kernel == Kernel::lightning) {
        kernel = choose_named_kernel(gate, num_wires);
    }
    gate.kernel = static_cast<int>(kernel);
}

template <class Real>
void apply(const Step &step, const Operands &operands, bool inverse, std::complex<Real> *ket,
           std::size_t num_wires) {
    const Gate &gate = *step.gate;
    const bool backward = gate.adjoint != inverse;
    switch (gate.kind->kernel) {
    case Kernel::nothing:
        return;
    case Kernel::bits:
        prepare_basis_state(step, ket, num_wires);
        return;
    case Kernel::state:
        embed_state(gate, numbers_of(step, operands), ket, num_wires);
        return;
    case Kernel::matrix:
        apply_matrix(gate, numbers_of(step, operands), backward, ket, num_wires);
        return;
    case Kernel::phases: {
        // The scale of the generator accounts for gate.adjoint already.
        const double angle = step.angle(operands.theta) * gate.generator.scale;
        apply_phases(gate, inverse ? -angle : angle, ket, num_wires);
        return;
    }
    case Kernel::pauli_rot:
        lightning::Gates::GateImplementationsLM::applyPauliRot<Real>(
            ket, num_wires, gate.targets, backward,
            angle_in_precision<Real>(step.angle(operands.theta)), gate.word);
        return;
    case Kernel::lightning:
        break;
    }
    if (gate.by_matrix_of_kind) {
        apply_matrix_of_kind(step, operands, backward, ket, num_wires);
        return;
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
