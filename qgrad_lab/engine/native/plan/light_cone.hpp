// Which gates and wires of a circuit its measurements depend on.
#pragma once

#include "plan/circuit.hpp"

namespace qgrad {

// Drops all others. What is left has fewer wires, in the same order.
void keep_light_cone(Circuit &circuit);

} // namespace qgrad
