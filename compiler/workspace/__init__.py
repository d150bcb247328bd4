"""The files of a project taken together: found, read once, their names resolved."""
