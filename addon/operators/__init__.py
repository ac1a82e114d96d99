"""The panel's buttons. An operator reads the choices, calls, reports; the work is done elsewhere."""
