"""Templates parsed by Jinja's own parser, with the exact place of every node.

Jinja's nodes know a line only. Here its parser is given tokens whose line is their number, so that
what a node calls its line leads to the token it was made from, and to the characters of that. All
independent syntax faults of a template are found; what is faulty is left out and the rest parsed.
"""

from collections.abc import Container, Iterable, Iterator
from functools import lru_cache
from itertools import islice

from jinja2 import TemplateSyntaxError, nodes
from jinja2.lexer import Token as JinjaToken
from jinja2.lexer import TokenStream
from jinja2.parser import Parser

from botticelli.compiler.faults import Fault, Mark, Replacement
from botticelli.compiler.templates.dollar import Layout, Segment, malformed, to_jinja
from botticelli.compiler.templates.explaining import explain
from botticelli.compiler.templates.scanning import MAX_FAULTS, Scan, Tag, Token
from botticelli.compiler.templates.structure import Structure
from botticelli.grammar.catalogue import TEMPLATE_SYNTAX

MAX_DEPTH = 120
"""Nodes within nodes: beyond this, Jinja's compiler runs out of stack."""

_REMEMBERED = 256
"""Parsed templates that are kept."""

_OPENING = {"lparen": 1, "lbracket": 1, "lbrace": 1}
_CLOSING = {"rparen": 1, "rbracket": 1, "rbrace": 1}
_WITH_BODY = frozenset({"if", "for", "macro", "call", "filter", "with"})


class ParsedTemplate:
    """A template's tree and the way from its nodes to the text.

    `text` is what was given, before anything was rewritten; all ranges are offsets into it. The
    tree is null when nothing could be parsed. `intact` is false when a statement was left out, so
    that names may seem to be missing that are not; `faults` are the BOT301s.
    """

    def __init__(self, text: str, scan: Scan, layouts: list[Layout]) -> None:
        self.text = text
        self.tokens: list[Token] = scan.tokens
        self.tree: nodes.Template | None = None
        self.faults: list[Fault] = []
        self.intact = True
        self._data = expanded_ranges(scan)
        self._layouts = layouts
        self._partners: dict[int, int] | None = None

    @property
    def data(self) -> list[tuple[int, int]]:
        """The ranges of `text` that are neither Jinja nor in `{% raw %}`."""
        return [self.origin(start, end) for start, end in self._data]

    def origin(self, start: int, end: int) -> tuple[int, int]:
        """Return the range of `text` that a range of the scanned text came from."""
        for layout in self._layouts:
            start, end = layout.origin(start, end)
        return start, end

    def token_range(self, number: int) -> tuple[int, int]:
        """Return where a token stands; a node's `lineno` is the number of a token of it."""
        token = self.tokens[number]
        return self.origin(token.start, token.end)

    def chain_range(self, node: nodes.Expr) -> tuple[int, int]:
        """Return where a name with its fields, subscripts and calls stands."""
        inner: nodes.Node = node
        last = node.lineno
        if isinstance(node, nodes.Getattr | nodes.Getitem | nodes.Call):
            last = self.last_token(node)
        while isinstance(inner, nodes.Getattr | nodes.Getitem | nodes.Call):
            inner = inner.node
        return self.origin(self.tokens[inner.lineno].start, self.tokens[last].end)

    def last_token(self, node: nodes.Getattr | nodes.Getitem | nodes.Call) -> int:
        """Return the number of the token that ends a field, a subscript or a call."""
        if self.tokens[node.lineno].type == "dot":
            return node.lineno + 1
        return self._partner(node.lineno)

    def _partner(self, number: int) -> int:
        """Return the number of the bracket that closes the one of that number."""
        if self._partners is None:
            self._partners, stack = {}, []
            for index, token in enumerate(self.tokens):
                if token.type in _OPENING:
                    stack.append(index)
                elif token.type in _CLOSING and stack:
                    self._partners[stack.pop()] = index
        return self._partners.get(number, number)

    def add(self, fault: Fault) -> None:
        """Add a fault whose ranges are those of the scanned text."""
        start, end = self.origin(fault.start, fault.end)
        marks = (Mark(m.message, *self.origin(m.start, m.end)) for m in fault.marks)
        edits = (Replacement(*self.origin(e.start, e.end), e.text) for e in fault.edits)
        self.faults.append(
            Fault(
                rule=fault.rule,
                start=start,
                end=end,
                message=fault.message,
                note=fault.note,
                help=fault.help,
                marks=tuple(marks),
                labels=fault.labels,
                edits=tuple(edits),
                safe=fault.safe,
            )
        )


def parse(text: str, known: Container[str] = (), *, expand_dollar: bool = False) -> ParsedTemplate:
    """Parse a template; nothing raises, whatever the text.

    With `expand_dollar` the older forms are read as the Jinja they stand for, names of `known`
    winning over variables of the environment. The result is shared: whoever checks, bounds and
    explains one narrative parses each of its templates once.
    """
    if expand_dollar and "$" in text:
        return _parse(text, known, expand_dollar=True)
    return _parse_once(text)


@lru_cache(maxsize=_REMEMBERED)
def _parse_once(text: str) -> ParsedTemplate:
    return _parse(text, (), expand_dollar=False)


def _parse(text: str, known: Container[str], *, expand_dollar: bool) -> ParsedTemplate:
    unified, layouts = _unify_newlines(text)
    faults: list[Fault] = []
    if expand_dollar and "$" in unified:
        data = expanded_ranges(Scan(unified)) if "{" in unified else [(0, len(unified))]
        faults.extend(islice(malformed(unified, data), MAX_FAULTS))
        rewritten = to_jinja(unified, known, data)
        unified = rewritten.text
        layouts.insert(0, rewritten.layout)
    scan = Scan(unified)
    parsed = ParsedTemplate(text, scan, layouts)
    structure = Structure(scan)
    structure.check()
    parsed.intact = scan.complete and not structure.faults
    _parse_tags(parsed, scan, structure)
    found = [*scan.faults, *structure.faults]
    for fault in found[:MAX_FAULTS]:
        parsed.add(fault)
    for fault in faults:
        start = fault.start
        for layout in layouts[1:]:
            start, _ = layout.origin(start, start)
        parsed.faults.append(fault.shifted(start - fault.start))
    parsed.faults.sort(key=lambda fault: (fault.start, fault.end))
    return parsed


def data_ranges(text: str) -> list[tuple[int, int]]:
    """Return the ranges of a text that are not Jinja. Line endings are `\\n`."""
    if "{" not in text:
        return [(0, len(text))]
    return Scan(text).data


def expanded_ranges(scan: Scan) -> list[tuple[int, int]]:
    """Return the ranges in which the older forms count: not in `{% raw %}`, which is left alone."""
    raw = frozenset(scan.raw)
    return [each for each in scan.data if each not in raw]


def _unify_newlines(text: str) -> tuple[str, list[Layout]]:
    if "\r" not in text:
        return text, []
    parts: list[str] = []
    segments: list[Segment] = []
    written = position = 0
    for piece in text.split("\r\n"):
        start = position - (1 if parts else 0)
        line = ("\n" if parts else "") + piece
        segments.append(Segment(written, start, start + len(line), verbatim=True))
        parts.append(line)
        written += len(line)
        position = start + len(line) + 2
    return "".join(parts).replace("\r", "\n"), [Layout(segments)]


def _parse_tags(parsed: ParsedTemplate, scan: Scan, structure: Structure) -> None:
    """Parse everything; where that fails, find the tags at fault and parse without them."""
    faulty = any(tag.broken for tag in scan.tags)
    failed = _parse_into(parsed, scan) if not faulty else None
    if faulty or failed is not None:
        before = len(scan.faults)
        for tag in scan.tags:
            if len(scan.faults) >= MAX_FAULTS:
                parsed.intact = False
                break
            if not tag.broken:
                _check_tag(parsed, scan, structure, tag)
        failed = _parse_into(parsed, scan)
        if failed is not None and len(scan.faults) == before and not structure.faults:
            scan.faults.append(failed)
    if parsed.tree is not None and _depth(parsed.tree) > MAX_DEPTH:
        parsed.tree = None
        scan.report(0, len(scan.text), "the template is nested too deeply")
    if parsed.tree is None:
        parsed.intact = False


def _parse_into(parsed: ParsedTemplate, scan: Scan) -> Fault | None:
    """Parse what is not broken. Returns a fault when even that fails."""
    try:
        body = _parser(_tokens(scan)).subparse()
        parsed.tree = nodes.Template(body, lineno=0)
    except TemplateSyntaxError as error:
        number = min(error.lineno, len(scan.tokens) - 1)
        token = scan.tokens[number]
        message = error.message or "the template does not parse"
        return Fault(rule=TEMPLATE_SYNTAX, start=token.start, end=token.end, message=message)
    except RecursionError:
        message = "the template is nested too deeply"
        return Fault(rule=TEMPLATE_SYNTAX, start=0, end=len(scan.text), message=message)
    return None


def _tokens(scan: Scan) -> Iterator[JinjaToken]:
    broken = {tag.first: tag.last for tag in scan.tags if tag.broken}
    skip_to = -1
    for number, token in enumerate(scan.tokens):
        if number in broken:
            skip_to = broken[number]
        if number > skip_to:
            yield JinjaToken(number, token.type, token.value)


class _Tokenized:
    """What the parser asks of an environment: a stream of tokens, and no extensions."""

    def __init__(self, tokens: Iterable[JinjaToken]) -> None:
        self._tokens = tokens

    def _tokenize(self, *_: object) -> TokenStream:
        return TokenStream(self._tokens, None, None)

    def iter_extensions(self) -> Iterator[object]:
        return iter(())


def _parser(tokens: Iterable[JinjaToken]) -> Parser:
    return Parser(_Tokenized(tokens), "")  # type: ignore[arg-type]


def _check_tag(parsed: ParsedTemplate, scan: Scan, structure: Structure, tag: Tag) -> None:
    """Parse one tag alone, with an end supplied, and record what is wrong with it."""
    run = [
        JinjaToken(number, scan.tokens[number].type, scan.tokens[number].value)
        for number in range(tag.first, tag.last + 1)
    ]
    if tag.keyword.startswith("end") or tag.keyword == "else":
        if tag.last > tag.first + 2:
            structure.drop(tag)
            scan.faults.append(_surplus(scan, tag))
            parsed.intact = False
        return
    if tag.keyword == "elif":
        run[1] = JinjaToken(tag.first + 1, "name", "if")
    keyword = "if" if tag.keyword == "elif" else tag.keyword
    if keyword in _WITH_BODY or structure.has_body(tag):
        run += [
            JinjaToken(tag.last, "block_begin", "{%"),
            JinjaToken(tag.last, "name", f"end{keyword}"),
            JinjaToken(tag.last, "block_end", "%}"),
        ]
    try:
        _parser(run).subparse()
    except TemplateSyntaxError as error:
        scan.faults.append(explain(error, scan, tag))
    except RecursionError:
        start, end = scan.tokens[tag.first].start, scan.tokens[tag.last].end
        scan.report(start, end, "the expression is nested too deeply")
    else:
        return
    structure.drop(tag)
    if tag.keyword:
        parsed.intact = False


def _surplus(scan: Scan, tag: Tag) -> Fault:
    """The fault of an `{% else %}` or an end tag that holds more than its name."""
    word, more, last = (scan.tokens[n] for n in (tag.first + 1, tag.first + 2, tag.last - 1))
    edits: tuple[Replacement, ...] = ()
    if tag.keyword == "else" and more.value == "if":
        edits = (Replacement(word.start, more.end, "elif"),)
    return Fault(
        rule=TEMPLATE_SYNTAX,
        start=more.start,
        end=last.end,
        message=f"expected `%}}` after `{tag.keyword}`, found `{scan.text[more.start : more.end]}`",
        help="write `{% elif … %}`" if edits else None,
        edits=edits,
    )


def _depth(tree: nodes.Node) -> int:
    deepest, level = 0, [tree]
    while level:
        deepest += 1
        level = [child for node in level for child in node.iter_child_nodes()]
    return deepest
