"""Random examples run without a time limit each: a machine shared with others is slow at times."""

from hypothesis import settings

settings.register_profile("patient", deadline=None)
settings.load_profile("patient")
