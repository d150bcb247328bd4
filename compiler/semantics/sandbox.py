"""The one Jinja environment: what a template may reach, how values print, and how far it may go.

Jinja's immutable sandbox is the floor; above it stand an explicit list of methods, limits on steps,
sizes and time, and filters that give the same result in every run. This module imports Jinja, and
is itself imported only by functions that need it.
"""

import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from functools import cache, partial
from typing import Any

from jinja2 import StrictUndefined, Template, TemplateSyntaxError, Undefined, nodes
from jinja2.compiler import CodeGenerator, Frame
from jinja2.environment import Environment
from jinja2.exceptions import SecurityError, TemplateRuntimeError, UndefinedError
from jinja2.parser import Parser
from jinja2.runtime import Context, LoopContext, Macro
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import Cycler, Namespace, missing

from botticelli.compiler.semantics import allowance
from botticelli.compiler.semantics.operations import (
    BOUNDED_METHODS,
    FILTERS,
    OPERATORS,
    Formatter,
    kind_of,
    lorem_ipsum,
    show,
)
from botticelli.compiler.semantics.reach import (
    CYCLER_FIELDS,
    LIST_METHODS,
    LOOP_FIELDS,
    MACRO_FIELDS,
    MOMENT_FIELDS,
    RECORD_METHODS,
    TEXT_METHODS,
)
from botticelli.compiler.semantics.templates import TemplateError, UnprintableError

_REACHABLE: tuple[tuple[type, frozenset[str]], ...] = (
    (str, TEXT_METHODS),
    (list, LIST_METHODS),
    (tuple, LIST_METHODS | {"grouper", "list"}),
    (Mapping, RECORD_METHODS),
    (LoopContext, LOOP_FIELDS),
    (Macro, MACRO_FIELDS),
    (Cycler, CYCLER_FIELDS),
    (date, MOMENT_FIELDS),
)


class MissingName(StrictUndefined):
    """A name or field that is not there: an error wherever it is used but in ``is defined``."""

    __slots__ = ()

    @property
    def _undefined_message(self) -> str:
        if self._undefined_hint:
            return self._undefined_hint
        name = self._undefined_name
        if self._undefined_obj is missing:
            return f"nothing is named `{name}`"
        if isinstance(name, str):
            return f"{kind_of(self._undefined_obj)} has no field `{name}`"
        return f"{kind_of(self._undefined_obj)} has no such element"


def _is_none(value: object) -> bool:
    """Whether nothing is there: null, or a name that an act which did not run would have given."""
    return value is None or isinstance(value, Undefined)


class Generator(CodeGenerator):
    """Jinja's code generator, with every loop counted and every piece of output accounted for.

    Nothing is folded at compile time: a constant that is too large fails when it is rendered, with
    the same message as any other.
    """

    def _output_child_to_const(self, *_: object) -> str:
        raise nodes.Impossible

    def visit_Concat(self, node: nodes.Concat, frame: Frame) -> None:  # noqa: N802
        self.write("environment.concatenate((")
        for part in node.nodes:
            self.visit(part, frame)
            self.write(", ")
        self.write("))")

    def visit_For(self, node: nodes.For, frame: Frame) -> None:  # noqa: N802
        counter = nodes.EnvironmentAttribute("counted", lineno=node.lineno)
        node.iter = nodes.Call(counter, [node.iter], [], None, None, lineno=node.lineno)
        node.iter.set_environment(self.environment)
        super().visit_For(node, frame)


class Sandbox(ImmutableSandboxedEnvironment):
    """The environment of every template of every narrative."""

    code_generator_class = Generator
    intercepted_binops = frozenset(OPERATORS)

    def __init__(self) -> None:
        super().__init__(
            undefined=MissingName,
            autoescape=False,
            keep_trailing_newline=True,
            optimized=False,
            finalize=show,
            cache_size=0,
        )
        self.filters = dict(FILTERS)
        self.globals["lipsum"] = lorem_ipsum
        self.tests = {**self.tests, "none": _is_none}
        self.binop_table |= OPERATORS

    def concatenate(self, parts: Iterable[object]) -> str:
        return "".join(map(show, parts))

    def counted(self, values: Iterable[object]) -> Iterator[object]:
        for value in values:
            allowance.spend_steps()
            yield value

    def call(self, context: Context, function: Any, *args: Any, **kwargs: Any) -> Any:
        allowance.spend_steps()
        return super().call(context, function, *args, **kwargs)

    def getattr(self, obj: Any, attribute: str) -> Any:
        if isinstance(obj, Undefined):
            return obj[attribute]  # raises, and says what is missing
        if isinstance(obj, Mapping):
            try:
                return obj[attribute]  # a field wins over a method of that name
            except LookupError:
                pass
        return self._reach(obj, attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        if isinstance(obj, Undefined):
            return obj[argument]  # raises, and says what is missing
        if isinstance(obj, str | list | tuple | range | Mapping):
            try:
                return obj[argument]
            except (TypeError, LookupError):
                pass
        if isinstance(argument, str):
            return self._reach(obj, argument)
        return self.undefined(obj=obj, name=argument)

    def _reach(self, obj: Any, attribute: str) -> Any:
        if not attribute.startswith("_"):
            if isinstance(obj, Namespace):
                try:
                    return getattr(obj, attribute)
                except AttributeError:
                    return self.undefined(obj=obj, name=attribute)
            for kind, names in _REACHABLE:
                if isinstance(obj, kind) and attribute in names:
                    if isinstance(obj, str) and attribute in BOUNDED_METHODS:
                        return partial(BOUNDED_METHODS[attribute], obj)
                    if isinstance(obj, str) and attribute == "format":
                        return Formatter(self, obj)
                    try:
                        return getattr(obj, attribute)
                    except AttributeError:
                        break
        return self.undefined(obj=obj, name=attribute)


@cache
def environment() -> Environment:
    """Return the environment that all templates share."""
    return Sandbox()


# Compiling and rendering


def compile_source(source: str) -> Template:
    """Compile a template. Raises ``TemplateError``."""
    return _compile(environment().parse, source)


def compile_value(source: str) -> Template:
    """Compile one expression as a template that sets ``result``. Raises ``TemplateError``."""
    return _compile(_parse_expression, source)


def _parse_expression(source: str) -> nodes.Template:
    parser = Parser(environment(), source, state="variable")
    expression = parser.parse_expression()
    if not parser.stream.eos:
        parser.fail("there is more than one expression")
    return nodes.Template([nodes.Assign(nodes.Name("result", "store"), expression, lineno=1)])


def _compile(parse: Callable[[str], nodes.Template], source: str) -> Template:
    sandbox = environment()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # an unknown escape in a string is kept as written
            tree = parse(source)
        tree.set_environment(sandbox)
        refuse_tags(tree)
        code = sandbox.compile(tree)
        return sandbox.template_class.from_code(sandbox, code, dict(sandbox.globals))
    except TemplateSyntaxError as error:
        message = error.message or "the template does not parse"
        raise TemplateError(message, error.lineno) from None
    except (RecursionError, SyntaxError, MemoryError, OverflowError):
        raise TemplateError("the template is nested too deeply", 1) from None
    except ValueError:
        raise TemplateError("the template holds a number that is too long", 1) from None


def refuse_tags(tree: nodes.Template) -> None:
    """Raise for the first tag that needs another template, or that means HTML."""
    refused = (
        nodes.Include,
        nodes.Import,
        nodes.FromImport,
        nodes.Extends,
        nodes.Block,
        nodes.ScopedEvalContextModifier,
    )
    for node in tree.find_all(refused):
        tag = "autoescape" if isinstance(node, nodes.ScopedEvalContextModifier) else None
        tag = tag or ("from" if isinstance(node, nodes.FromImport) else type(node).__name__.lower())
        raise TemplateSyntaxError(f"the tag `{tag}` cannot be used here", node.lineno)


def render(template: Template, names: Mapping[str, object]) -> str:
    """Render within a fresh allowance. Raises ``TemplateError``."""
    with _answering_for(template):
        return "".join(template.root_render_func(template.new_context(dict(names))))


def evaluate(template: Template, names: Mapping[str, object]) -> object:
    """Return the value of what ``compile_value`` made. Raises ``TemplateError``."""
    with _answering_for(template):
        context = template.new_context(dict(names))
        for _ in template.root_render_func(context):
            pass
        value = context.vars["result"]
        if isinstance(value, Undefined):
            str(value)  # raises, and says what is missing
            return None
        return list(value) if isinstance(value, Iterator | range) else value


@contextmanager
def _answering_for(template: Template) -> Iterator[None]:
    """Give a fresh allowance, and make one kind of error of all that a template can do."""
    token = allowance.begin()
    try:
        yield
    except Exception as error:  # noqa: BLE001 - whatever it is, the template did it
        raise TemplateError(_message(error), _line(error, template)) from None
    finally:
        allowance.end(token)


def _message(error: Exception) -> str:
    """Say what went wrong without repeating a value, which may be a secret."""
    match error:
        case UndefinedError() | allowance.LimitError() | UnprintableError():
            return str(error)
        case RecursionError():
            return "the template calls itself too deeply"
        case ZeroDivisionError():
            return "division by zero"
        case OverflowError() if "MAX_RANGE" in str(error):
            return "the range has more than 100,000 elements"
        case SecurityError() | TemplateRuntimeError() | TypeError():
            return str(error)
        case OverflowError() | MemoryError():
            return "a number or text is too large"
        case _:
            return "a value does not have the form that this operation needs"


def _line(error: Exception, template: Template) -> int:
    line, traceback = 1, error.__traceback__
    while traceback is not None:
        if traceback.tb_frame.f_globals.get("__jinja_template__") is template:
            line = template.get_corresponding_lineno(traceback.tb_lineno)
        traceback = traceback.tb_next
    return line
