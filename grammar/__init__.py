"""The language as data: grammars, and the catalogue of diagnostics."""
