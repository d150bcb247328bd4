"""OpenTelemetry: what happens in a run as traces and metrics, for whoever collects them.

`spans` and `metrics` read the event stream and nothing else, `messages` adds what was said where
that is asked for, `opening` connects them to the exporters that the environment names. Names follow
the semantic conventions for generative AI (v0.1.0, in development); what is Botticelli's own begins
with `botticelli.`.
"""
