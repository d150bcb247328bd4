"""The journal: what runs asked for and what they were told, kept so that a run can go on.

It stands at the one border of the interpreter: `records` is what is kept, `schema` its tables,
`encoding` results as bytes, `file` the journal with its runs, `entries` the effects of one run
while it runs, `lock` who runs it. `replay` leads the interpreter through what a run has completed,
`difference` tells whether a changed program still asks for the same, `resumption` says how a run
goes on.
"""
