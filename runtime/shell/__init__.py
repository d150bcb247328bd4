"""The shell: performs the interpreter's effects, with limits, retries, time-outs and books.

`setup` opens everything from configuration and environment (`opening`) once nothing stands in the
way (`preflight`), and hands it over as `equipment`. `engine` drives a run; `performing` sends each
effect to `models`, `commands`, `media` or `tables`; `underway` holds what is performed at once.
`limiter` waits for room, `ledger` keeps the provider's books, `bookkeeping` those of the run,
`spending` its caps. `clock` is the only one that knows the time.
"""
