"""What a program can use before it runs: requests, tokens and money as intervals, and schedules.

`intervals` holds the arithmetic, `sizes` texts and values, `contents` what types and rows can be
long, `media` what is known of files, `rendering` and `texts` templates, `conditions` what is
decided before a run, `conversation` and `resending` what is sent again, `values` what names stand
for, `requests` the attempts of one act, `spent` what stretches of a run use. `analysis` walks
narratives and orders, `repeating` their repetitions and `acts` single acts, in `frames`; `result`
is what comes of it. `schedule` asks the limiter's own books whether it fits, and `pace` how it goes
on from there. Everything works on the IR, so that a compiled file can be explained as well as a
source.
"""
