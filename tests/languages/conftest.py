"""Examples are not timed one by one: the first of a process also loads a grammar's tables."""

from hypothesis import settings

settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")
