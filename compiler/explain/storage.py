"""Which answers a narrative stores as rows, and where."""

from botticelli.compiler.explain import explanation as shown
from botticelli.compiler.ir import program as ir
from botticelli.compiler.semantics.stored import is_stored, last_asking


def storage(narrative: ir.Narrative, *, called: bool) -> shown.Storage | None:
    """Return what a narrative stores, None where it stores nothing."""
    content = narrative.content
    if not is_stored(content, called=called):
        return None
    last = last_asking(narrative)
    acts = tuple(
        name
        for name, act in narrative.acts.items()
        if act.asks_model and (act.extract_output or name in last)
    )
    return (
        shown.Storage(table=content.target, template=content.template, acts=acts) if acts else None
    )
