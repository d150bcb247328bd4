"""Which answers a narrative stores as rows: what content generation does, as its order tells it."""

from botticelli.compiler.ir.program import (
    Act,
    Branch,
    Content,
    Narrative,
    Parallel,
    Repeat,
    RunAct,
    Sequence,
    Step,
)


def is_stored(content: Content, *, called: bool) -> bool:
    """Tell whether answers are stored; a called narrative stores only where it says so."""
    return not content.skip and (not called or is_explicit(content))


def is_explicit(content: Content) -> bool:
    """Tell whether a narrative says where its answers go."""
    return content.target is not None or content.template is not None


def described_by(
    narrative: Narrative, act: Act, *, called: bool, last: frozenset[str] | None = None
) -> str | None:
    """Return the template whose columns an act is told of, None where it is told of none.

    ``last`` is what `last_asking` says of the narrative, where that is known already.
    """
    content = narrative.content
    if (
        content.template is None
        or content.target is not None
        or act.output is not None
        or not is_stored(content, called=called)
    ):
        return None
    told = act.extract_output or act.name in (last_asking(narrative) if last is None else last)
    return content.template if told else None


def last_asking(narrative: Narrative) -> frozenset[str]:
    """Return the acts that may be the last to ask the model, in written order."""
    return frozenset(_last(narrative.order, narrative)[0])


def _last(step: Step, narrative: Narrative) -> tuple[set[str], bool]:
    """Return the acts that may be the last of a step to ask, and whether one of them surely is."""
    match step:
        case RunAct(act=name):
            act = narrative.acts[name]
            return ({name}, act.when is None) if act.asks_model else (set(), False)
        case Repeat(body=body):
            return _last(body, narrative)
        case Branch(then=then, otherwise=otherwise):
            first, surely = _last(then, narrative)
            second, also = (set[str](), False) if otherwise is None else _last(otherwise, narrative)
            return first | second, surely and also
        case Sequence(steps=steps) | Parallel(steps=steps):
            found: set[str] = set()
            for inner in reversed(steps):
                acts, surely = _last(inner, narrative)
                found |= acts
                if surely:
                    return found, True
            return found, False
