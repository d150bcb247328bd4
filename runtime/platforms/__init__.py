"""Platforms: what carries out commands in the world outside. `protocol` is what each must offer."""
