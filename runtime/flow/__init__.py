"""The interpreter: walks the IR as a generator of effects and does no I/O.

`schedule` runs walks side by side, `interpret` is the way in, `carousel` repeats, `narrative` walks
an order, `acts` runs one act, `tables` reads its rows, `asking` asks its model, `conversation` is
what a model gets to see, `state` what is remembered between runs, `committing` when that is read
and written, `values` makes values of templates, `consuming` lets go
of rows that were taken, `reach` says what a program's entry leads to.
"""
