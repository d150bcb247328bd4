"""The texts of a program: how long its templates and the values given to narratives can be."""

from collections.abc import Iterator, Mapping

import msgspec
from msgspec.structs import replace

from botticelli.compiler.budget.contents import printed_bytes
from botticelli.compiler.budget.frames import Frame
from botticelli.compiler.budget.rendering import names_of, rendered
from botticelli.compiler.budget.sizes import (
    Size,
    Value,
    known,
    known_value,
    text_value,
)
from botticelli.compiler.ir.program import (
    Act,
    Constant,
    FilterValue,
    ListValue,
    Narrative,
    NarrativeInput,
    OrderValue,
    Program,
    RecordValue,
    Template,
    TextInput,
    Variable,
)
from botticelli.compiler.ir.program import Value as Given
from botticelli.compiler.ir.types import Text
from botticelli.compiler.semantics.templates import has_tags
from botticelli.compiler.semantics.tokens import Family, byte_length
from botticelli.compiler.templates.checking import check_prompt
from botticelli.compiler.templates.scope import Names
from botticelli.compiler.templates.values import Analysis

_VARIABLE = "vars."


class Texts:
    """Sizes of templates in the frames that they are rendered in; each is analysed once."""

    def __init__(self, program: Program) -> None:
        self._narratives = program.narratives
        self._variables = program.variables
        self._read: dict[str, frozenset[str]] = {}
        self._names: dict[int, Names] = {}
        self._analyses: dict[tuple[int, str], Analysis | None] = {}

    def of(
        self, frame: Frame, values: Mapping[str, Value], template: Template, family: Family
    ) -> tuple[Size, str]:
        """Return the size of a template's text, and why it has no bound where it has none."""
        analysis = self.analysis(frame.narrative, template.source)
        if analysis is None:
            return rendered(template.source, None, values, family)
        names = dict(frame.variables)
        for use in analysis.uses:
            if use.name in values:
                names.setdefault(use.name, values[use.name])
        if frame.iterations is not None:
            names["iteration"] = known_value(str(frame.iterations), family)
        return rendered(template.source, analysis, names, family)

    def value(
        self, frame: Frame, values: Mapping[str, Value], template: Template, family: Family
    ) -> tuple[Value, Size]:
        """Return a template's text as a value that other templates use, and its size."""
        size, why = self.of(frame, values, template, family)
        value = Value(
            expected=size.expected,
            ceiling=size.ceiling,
            most=size.most,
            json=None if size.most is None else 6 * size.most + 2,
            type=Text(),
            why=why,
        )
        return value, size

    def given(
        self, frame: Frame, values: Mapping[str, Value], given: Given, family: Family
    ) -> Value:
        """Return a value that is given to another narrative."""
        match given:
            case Template():
                return self.value(frame, values, given, family)[0]
            case Constant(data=data):
                text = data if isinstance(data, str) else msgspec.json.encode(data).decode()
                return known_value(text, family)
            case FilterValue(text=text) | OrderValue(text=text):
                return known_value(text, family)
            case ListValue(items=items):
                parts = {str(number): item for number, item in enumerate(items)}
            case RecordValue(fields=fields):
                parts = dict(fields)
        size: int | None = 2
        why = ""
        for key, item in parts.items():
            each = self.given(frame, values, item, family)
            why = why or each.why
            more = None if each.json is None else each.json + 6 * byte_length(key) + 6
            size = None if size is None or more is None else size + more
        return text_value(size, family, why)

    def variables_read(self, key: str) -> frozenset[str]:
        """Return the variables on which the bounds of a narrative rest, by its key; its own and
        those that it hands on. Narratives must not run each other in a circle."""
        found = self._read.get(key)
        if found is None:
            narrative = self._narratives[key]
            acts = narrative.acts.values()
            found = frozenset(name for act in acts for name in self._reads(narrative, act))
            self._read[key] = found
        return found

    def _reads(self, narrative: Narrative, act: Act) -> Iterator[str]:
        if act.system is not None:
            yield from self._reads_in(narrative, act.system)
        for source in act.inputs:
            if isinstance(source, TextInput):
                yield from self._reads_in(narrative, source.template)
            elif isinstance(source, NarrativeInput):
                yield from self.variables_read(source.narrative)
        if act.narrative is not None:
            for name in self.variables_read(act.narrative):
                given = act.arguments.get(name.removeprefix(_VARIABLE))
                if given is None:
                    yield name
                else:
                    yield from self._reads_in(narrative, given)

    def _reads_in(self, narrative: Narrative, given: Given) -> Iterator[str]:
        match given:
            case Template(source=source):
                analysis = self.analysis(narrative, source)
                for use in () if analysis is None else analysis.uses:
                    if use.name == "vars" and use.path:
                        yield f"{_VARIABLE}{use.path[0]}"
            case ListValue(items=items):
                for item in items:
                    yield from self._reads_in(narrative, item)
            case RecordValue(fields=fields):
                for item in fields.values():
                    yield from self._reads_in(narrative, item)

    def analysis(self, narrative: Narrative, source: str) -> Analysis | None:
        """Return the analysis of a template of a narrative, None for text without tags."""
        if not has_tags(source):
            return None
        key = (id(narrative), source)
        if key not in self._analyses:
            names = self._names.get(id(narrative))
            if names is None:
                names = self._names[id(narrative)] = names_of(narrative, self._variables)
            self._analyses[key] = check_prompt(source, names)
        return self._analyses[key]


def variables_of(program: Program, given: Mapping[str, str], family: Family) -> dict[str, Value]:
    """The values of a program's variables: those that are given, and for others the bounds of their
    types, whatever their defaults."""
    values = {f"vars.{name}": known_value(text, family) for name, text in given.items()}
    for name, variable in program.variables.items():
        values.setdefault(f"vars.{name}", _unknown(name, variable, family))
    return values


def _unknown(name: str, variable: Variable, family: Family) -> Value:
    bound = None if variable.type is None else printed_bytes(variable.type)
    why = f"nothing bounds `vars.{name}`; declare its type, for example `text(..200)`"
    value = text_value(bound, family, why, variable.type)
    default = variable.default
    if isinstance(default, Constant | Template):
        text = str(default.data) if isinstance(default, Constant) else default.source
        value = replace(value, expected=known(text, family).expected)
    return value
