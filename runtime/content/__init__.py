"""Stored content: what models answered, as rows of a table that people review.

`extraction` finds JSON in an answer and mends what was cut, `columns` decides which columns it
needs, `storing` writes it, `catalog` lists, changes and reads what is stored.
"""
