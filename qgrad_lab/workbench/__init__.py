"""The notebook side of qgrad_lab: its magics and its widget. It uses the public functions alone."""
