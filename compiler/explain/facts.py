"""What is said of acts, limits and what is given, in the words that text and page share."""

from collections.abc import Iterator

from botticelli.compiler.explain import explanation as shown
from botticelli.compiler.explain.wording import LIMITS, listed, repeated
from botticelli.compiler.semantics.limits import SLIDING

_SAID = {"summary": "a line of it stays in the conversation", "drop": "nothing of it stays"}


def act_name(explanation: shown.Explanation, narrative: str, act: str) -> str:
    """Name an act: with its narrative, unless that is the one that runs."""
    return act if narrative == explanation.narrative else f"{narrative}.{act}"


def does(act: shown.Act) -> str:
    """Say what an act does."""
    match act.does:
        case "asks":
            persona = f" as {act.character}" if act.character else ""
            return f"asks {act.model}{persona}"
        case "calls":
            return f"runs the narrative {act.calls}"
    return "asks no model"


def facts(act: shown.Act, narrative: shown.Narrative) -> Iterator[tuple[str, str]]:
    """Yield what is to be said of an act, each under its head: conditions, inputs, outputs."""
    if act.when is not None:
        yield "only if", act.when
    if act.repetition is not None:
        yield "repeated", repeated(act.repetition)
    if act.persona is not None:
        yield "persona", act.persona
    for each in act.inputs:
        said = "; ".join((each.title, *each.details))
        if each.retention in _SAID:
            said += f"; {_SAID[each.retention]}"
        yield _HEADS.get(each.kind, "shows"), said
    names = _names(act)
    if names:
        yield "uses", ", ".join(dict.fromkeys(names))
    if act.sees:
        yield "sees", _seen(act)
    if act.does == "asks":
        most = f", at most {act.max_tokens:,} tokens" if act.max_tokens else ""
        yield "answers", f"{act.output}{most}"
    elif act.output:
        yield "gives", act.output
    goes = _destinations(act, narrative)
    yield "then", goes or "nothing uses it"


def _names(act: shown.Act) -> list[str]:
    """Say what an act uses by name."""
    names = [
        _origin(each) for each in act.origins if each.kind != "act" or each.name != each.source
    ]
    direct = dict.fromkeys(
        each.source for each in act.origins if each.kind == "act" and each.name == each.source
    )
    if direct:
        names = [f"what {listed(direct)} gave", *names]
    return names


_HEADS = {"text": "prompt", "table": "reads", "command": "performs", "narrative": "runs"}


def _origin(origin: shown.Origin) -> str:
    match origin.kind:
        case "act":
            return (
                f"{origin.name} of what {origin.source} gave"
                if origin.name == "previous"
                else origin.name
            )
        case "table":
            return f"{origin.name} (rows of {origin.source})"
        case "iteration":
            return "the number of the iteration"
        case "trigger":
            return f"{origin.name} (what came with the call)"
    return origin.name


def _seen(act: shown.Act) -> str:
    if len(act.sees) > 4:
        return f"the conversation of the {len(act.sees)} acts before it"
    return f"the conversation of {listed(act.sees)}"


def _destinations(act: shown.Act, narrative: shown.Narrative) -> str:
    said = []
    users = dict.fromkeys(each.name for each in act.destinations if each.kind == "act")
    if users:
        said.append(f"used by {listed(users)}")
    for each in act.destinations:
        match each.kind:
            case "order":
                said.append("decides what runs")
            case "conversation" if not users:
                said.append(f"stays in the conversation that {each.name} sees")
            case "table":
                said.append(f"stored in {each.name}")
            case "result":
                said.append(
                    "is what the narrative answers" if narrative.called_by else "is the result"
                )
    return ", ".join(dict.fromkeys(said))


def limits_text(pool: shown.Pool) -> str:
    """Say which limits hold for models that share them."""
    if not pool.limits:
        return "none are known"
    said = []
    for each in pool.limits:
        name = LIMITS[each.name]
        if each.name == "tpm" and pool.counts == "input":
            name = LIMITS["itpm"]
        said.append(f"{each.value:,} {name}")
    tier = f" in the tier {pool.tier} of {pool.provider}" if pool.tier else ""
    if any(each.name in {"rpd", "tpd"} for each in pool.limits):
        day = "any 24 hours" if pool.day == SLIDING else f"until midnight in {pool.day}"
        return f"{listed(said)}{tier}; a day is {day}"
    return f"{listed(said)}{tier}"


def given_text(each: shown.Given) -> str:
    """Say what something is that a run is given, and what holds without it."""
    said = []
    if each.type:
        said.append(each.type)
    if each.kind == "state":
        said.append("remembered between runs")
    elif each.default is not None:
        said.append(f"{each.default} unless given")
    else:
        said.append("must be given" if each.required else "may be missing")
    if each.secret:
        said.append("a secret")
    if each.used_by:
        said.append(f"for {listed(each.used_by)}")
    return ", ".join(said)
