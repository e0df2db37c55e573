// The gates and wires of a circuit that its measurements depend on.
#pragma once

#include "plan/circuit.hpp"

namespace qgrad {

// Drops all others. Wires that are left keep their order.
void keep_light_cone(Circuit &circuit);

} // namespace qgrad
