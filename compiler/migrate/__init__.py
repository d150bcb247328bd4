"""Older forms of narratives rewritten into the present ones, with every other byte kept.

`rewrites` and its neighbours say what could be written otherwise, as edits at exact places;
`meaning` says what a file means to the runtime; `run` applies what leaves the meaning as it was.
"""
