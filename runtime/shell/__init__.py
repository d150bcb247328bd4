"""The shell: performs the interpreter's effects, with limits, retries, time-outs and books.

`engine` drives a run, `models` and `commands` perform effects, `limiter` waits for room, `ledger`
keeps the books, `spending` the caps of a run, `store` what was answered, `setup` opens everything
from configuration and environment, and `clock` is the only one that knows the time.
"""
