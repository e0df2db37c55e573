"""QNode to Program: capture, the gate table, the intermediate representation."""
