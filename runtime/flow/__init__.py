"""The interpreter: walks the IR as a generator of effects and does no I/O.

`schedule` runs walks side by side, `interpret` is the way in, `carousel` repeats, `steps` walks an
order, `acts` runs one act, `conversation` is what a model gets to see, `values` makes values of
templates, `refusals` says what cannot be run.
"""
