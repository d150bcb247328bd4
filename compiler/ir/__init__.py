"""The contract between compiler and runtime: the program and its encoding.

`program` holds narratives, acts, inputs and steps; `expressions` conditions and filters; `types`
the types of values; `encoding` the file format.
"""
