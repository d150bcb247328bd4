"""What a narrative does and what it takes, for a person who has never seen it.

`explanation` says what there is to say, as records; `explaining` makes them from a program and its
budget, with `acts`, `origins`, `outside` and `amounts` for the parts. The renderers know nothing
else: `text` for terminals, `json` for programs, `mermaid` and `page` for drawings. `difference`
compares two explanations.
"""
