"""What a program can use before it runs: requests, tokens and money as intervals, and schedules.

`intervals` holds the arithmetic, `sizes` texts and values, `contents` what types and rows can be
long, `rendering` templates, `conversation` what is sent again; `analysis` walks a program, and
`schedule` asks the limiter's own books whether it fits. Everything works on the IR, so that a
compiled file can be explained as well as a source.
"""
