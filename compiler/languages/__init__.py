"""The small languages inside strings: references, filters, orders, conditions and types.

Each is parsed by its grammar in `grammar/` into one syntax tree, typed where that has a meaning,
and lowered to the IR. Nothing here knows of files: places are offsets into the string's value.
"""
