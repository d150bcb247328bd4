"""The environment variables that templates read, so that a run can miss them before it starts."""

from collections.abc import Iterable, Iterator

from botticelli.compiler.ir import program as ir


def environment_of(acts: Iterable[ir.Act]) -> tuple[str, ...]:
    """Return the names under `env` in all templates of some acts, in the order of first use."""
    names: dict[str, None] = {}
    for act in acts:
        for template in _templates(act):
            names.update(dict.fromkeys(_names_in(template.source)))
    return tuple(names)


def _templates(act: ir.Act) -> Iterator[ir.Template]:
    if act.system is not None:
        yield act.system
    for value in act.arguments.values():
        yield from _in_value(value)
    for item in act.inputs:
        match item:
            case ir.TextInput(template=template):
                yield template
            case ir.MediaInput(url=url, file=file):
                yield from (each for each in (url, file) if each is not None)
            case ir.CommandInput(arguments=arguments):
                for value in arguments.values():
                    yield from _in_value(value)
            case ir.TableInput(table=table):
                yield table


def _in_value(value: ir.Value) -> Iterator[ir.Template]:
    match value:
        case ir.Template():
            yield value
        case ir.ListValue(items):
            for item in items:
                yield from _in_value(item)
        case ir.RecordValue(fields):
            for item in fields.values():
                yield from _in_value(item)


def _names_in(source: str) -> Iterator[str]:
    if "env" not in source:
        return
    from jinja2 import Environment, TemplateSyntaxError, nodes

    try:
        tree = Environment(autoescape=False).parse(source)  # noqa: S701 - parsed, never rendered
    except TemplateSyntaxError:
        return
    for node in tree.find_all((nodes.Getattr, nodes.Getitem)):
        if not isinstance(node, nodes.Getattr | nodes.Getitem):
            continue
        if not isinstance(node.node, nodes.Name) or node.node.name != "env":
            continue
        if isinstance(node, nodes.Getattr):
            yield node.attr
        elif isinstance(node.arg, nodes.Const):
            yield str(node.arg.value)
