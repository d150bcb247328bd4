"""From text to diagnostics and programs. Reads sources and does no other I/O."""
