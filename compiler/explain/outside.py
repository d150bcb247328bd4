"""What a program touches outside: tables, commands of platforms, and what it has to be given."""

from collections.abc import Iterator, Mapping, Sequence

from botticelli.compiler.explain import explanation as shown
from botticelli.compiler.explain.inputs import arguments, full_name, query, value_text
from botticelli.compiler.explain.wording import excerpt, listed
from botticelli.compiler.ir import program as ir
from botticelli.compiler.languages.kinds import describe
from botticelli.compiler.semantics.commands import canonical, find
from botticelli.compiler.semantics.policies import (
    TABLE,
    constrained,
    content_rules,
    names_command,
    needs_confirmation,
)
from botticelli.compiler.semantics.secrets import names_secret


def tables(program: ir.Program, described: Sequence[shown.Narrative]) -> Iterator[shown.TableUse]:
    """Yield what is done with tables: by inputs, by commands of `database`, by what is stored."""
    for narrative in described:
        for act in program.narratives[narrative.name].acts.values():
            for source in act.inputs:
                if isinstance(source, ir.TableInput):
                    yield _read(narrative.name, act, source)
                elif isinstance(source, ir.CommandInput) and source.platform == "database":
                    yield _commanded(narrative.name, act, source)
        stored = narrative.storage
        if stored is not None:
            for name in stored.acts:
                yield _stored(narrative, name, stored)


def _read(narrative: str, act: ir.Act, source: ir.TableInput) -> shown.TableUse:
    return shown.TableUse(
        table=source.table.source,
        does="consumes" if source.consume else "reads",
        narrative=narrative,
        act=act.name,
        details=query(source),
        place=source.place,
    )


def _commanded(narrative: str, act: ir.Act, source: ir.CommandInput) -> shown.TableUse:
    known = find(source.platform, source.command)
    given = {
        (argument.name if known and (argument := known.argument(name)) else name): value
        for name, value in source.arguments.items()
    }
    table = given.get(TABLE)
    return shown.TableUse(
        table="?" if table is None else excerpt(value_text(table)),
        does="writes" if known is not None and known.writes else "reads",
        narrative=narrative,
        act=act.name,
        details=(f"by {full_name(source)}",),
        place=source.place,
    )


def _stored(narrative: shown.Narrative, name: str, stored: shown.Storage) -> shown.TableUse:
    act = next(each for each in narrative.acts if each.name == name)
    details = ["the JSON of its answer, as rows that wait for review"]
    if stored.table is None and stored.template is not None:
        details.append(f"with the columns of {stored.template}")
    elif stored.table is None:
        details.append("with columns inferred from it")
    prefix = stored.template or narrative.name
    return shown.TableUse(
        table=stored.table or f"{prefix}_YYYYMMDD_HHMMSS",
        does="writes",
        narrative=narrative.name,
        act=name,
        details=tuple(details),
        place=act.place,
    )


def commands(
    program: ir.Program, described: Sequence[shown.Narrative]
) -> Iterator[shown.CommandUse]:
    """Yield the commands that are performed, in written order."""
    rules = _rules(program)
    for narrative in described:
        for act in program.narratives[narrative.name].acts.values():
            for source in act.inputs:
                if isinstance(source, ir.CommandInput):
                    yield _command(narrative.name, act, source, rules[narrative.name])


def _rules(program: ir.Program) -> Mapping[str, tuple[ir.Security, ...]]:
    """Return for each narrative the rules of all that may lead to it, its own last: a call lifts
    nothing of its callers'."""
    above: dict[str, dict[str, None]] = {key: {} for key in program.narratives}
    waiting = [program.entry]
    for key in waiting:
        for called in dict.fromkeys(_called(program.narratives[key])):
            new = {**above[key], key: None}
            if not new.keys() <= above[called].keys():
                above[called] |= new
                waiting.append(called)
    return {
        key: (
            *(program.narratives[caller].security for caller in callers),
            program.narratives[key].security,
        )
        for key, callers in above.items()
    }


def _called(narrative: ir.Narrative) -> Iterator[str]:
    for act in narrative.acts.values():
        if act.narrative is not None:
            yield act.narrative
        for source in act.inputs:
            if isinstance(source, ir.NarrativeInput):
                yield source.narrative


def _command(
    narrative: str, act: ir.Act, source: ir.CommandInput, rules: tuple[ir.Security, ...]
) -> shown.CommandUse:
    known = find(source.platform, source.command)
    writes = known is not None and known.writes
    own = rules[-1]
    allowed = next(
        (
            name
            for name in own.allowed_commands
            if names_command(name, source.platform, source.command)
        ),
        None,
    )
    return shown.CommandUse(
        command=full_name(source),
        about="" if known is None else known.about,
        writes=writes,
        narrative=narrative,
        act=act.name,
        required=source.required,
        arguments=arguments(source),
        allowed_by=f'allowed_commands = ["{allowed}"]' if allowed and writes else None,
        confirmed=needs_confirmation(rules, source.platform, source.command),
        restraints=tuple(dict.fromkeys(_restraints(source, rules, writes=writes))),
        place=source.place,
    )


def _restraints(
    source: ir.CommandInput, rules: tuple[ir.Security, ...], *, writes: bool
) -> Iterator[str]:
    command = canonical(source.platform, source.command)
    for each in rules:
        for name, value in each.constraints.items():
            if constrained(name, source.platform, command, dict(source.arguments)):
                options = [str(one) for one in (value if isinstance(value, tuple) else (value,))]
                yield f"{name} is {listed(options, 'or')}"
        content = content_rules(each, source.platform, writes=writes)
        if content is not None:
            yield from _content(content)
    if source.platform == "database" and writes:
        yield f"only the tables {listed(rules[-1].write_tables) or 'that nothing names'}"


def _content(content: ir.ContentRules) -> Iterator[str]:
    if content.max_length is not None:
        yield f"at most {content.max_length:,} characters"
    if content.block_mass_mentions:
        yield "no mass mentions"
    if content.prohibited_patterns:
        count = len(content.prohibited_patterns)
        yield f"nothing that {count} prohibited pattern{'s match' if count != 1 else ' matches'}"
    if content.allowed_domains:
        yield f"links to {listed(content.allowed_domains)} alone"


def starts(program: ir.Program) -> Iterator[shown.Start]:
    """Yield what starts the narrative by itself."""
    for trigger in program.triggers:
        yield shown.Start(name=trigger.name, schedule=trigger.schedule, webhook=trigger.webhook)


def given(program: ir.Program, described: Sequence[shown.Narrative]) -> Iterator[shown.Given]:
    """Yield what a run is given: variables, the environment, state of earlier runs."""
    used: dict[tuple[str, str], dict[str, None]] = {}
    for narrative in described:
        for act in narrative.acts:
            for origin in act.origins:
                if origin.kind in {"variable", "environment", "state"}:
                    used.setdefault((origin.kind, origin.source), {})[act.name] = None
        for name in program.narratives[narrative.name].environment:
            used.setdefault(("environment", name), {})
    handed = {
        name
        for narrative in program.narratives.values()
        for act in narrative.acts.values()
        for name in act.arguments
    }
    for (kind, name), acts in used.items():
        variable = program.variables.get(name) if kind == "variable" else None
        if kind == "variable" and name in handed and (variable is None or not variable.required):
            continue
        yield shown.Given(
            kind=kind,
            name=name,
            used_by=tuple(acts),
            type=describe(variable.type) if variable and variable.type else None,
            required=variable.required if variable else kind == "environment",
            default=_default(variable),
            secret=kind == "environment" and names_secret(name),
        )


def _default(variable: ir.Variable | None) -> str | None:
    if variable is None or variable.default is None:
        return None
    return excerpt(value_text(variable.default))
