"""Drivers: what asks a model. `protocol` is what each must offer, the others implement it."""
