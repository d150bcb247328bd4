"""Pure code on whose result compiler and runtime must agree. Neither side's internals."""
