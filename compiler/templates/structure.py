"""Which statement closes which: unknown tags, tags never closed, and those that close nothing.

Jinja's parser stops at the first of these. Here all of them are found in one walk over the tags, so
that each is reported once and what remains can be parsed.
"""

from botticelli.compiler.faults import Fault, Mark, Replacement
from botticelli.compiler.nearest import nearest
from botticelli.compiler.semantics.reach import FORBIDDEN_TAGS
from botticelli.compiler.templates.scanning import MAX_FAULTS, Scan, Tag
from botticelli.grammar.catalogue import TEMPLATE_SYNTAX

MAX_BLOCKS = 16
"""Blocks within blocks; Python allows twenty loops within each other."""

_PAIRED = ("if", "for", "macro", "call", "filter", "with", "set", "block", "autoescape")
_CLOSES = {f"end{name}": name for name in _PAIRED}
_MIDDLE = {"else": ("if", "for"), "elif": ("if",)}
_KNOWN = (
    *("if", "elif", "else", "for", "set", "macro", "call", "filter", "with", "print", "raw"),
    *("endif", "endfor", "endset", "endmacro", "endcall", "endfilter", "endwith", "endraw"),
)
_ABSENT = {
    "do": "expressions without a value have nothing to change here",
    "break": "filter what is looped over: `{% for x in xs if condition %}`",
    "continue": "filter what is looped over: `{% for x in xs if condition %}`",
    "trans": "translation is not part of templates here",
    "debug": "debugging is not part of templates here",
}


class Structure:
    """The matching of one scan's tags. Tags that cannot stay are marked as broken."""

    def __init__(self, scan: Scan) -> None:
        self._scan = scan
        self._open: list[Tag] = []
        self._parts: dict[int, list[Tag]] = {}
        self._remaining: dict[str, int] = {}
        self.faults: list[Fault] = []

    def check(self) -> None:
        """Match all tags."""
        tags = [tag for tag in self._scan.tags if self._is_statement(tag)]
        for tag in tags:
            if tag.keyword in _CLOSES:
                self._remaining[tag.keyword] = self._remaining.get(tag.keyword, 0) + 1
        for tag in tags:
            if len(self._open) > MAX_BLOCKS or len(self.faults) >= MAX_FAULTS:
                tag.broken = True  # more of the same helps nobody
            else:
                self._place(tag)
        if len(self._open) > MAX_BLOCKS:
            return
        for tag in self._open:
            self._report(
                tag,
                f"`{{% {tag.keyword} %}}` is never closed",
                help=f"close it with `{{% end{tag.keyword} %}}`",
            )
            self.drop(tag)

    def has_body(self, tag: Tag) -> bool:
        """Whether a tag opens a block."""
        return tag.first in self._parts

    def _is_statement(self, tag: Tag) -> bool:
        return self._scan.tokens[tag.first].type == "block_begin"

    def _place(self, tag: Tag) -> None:
        keyword = tag.keyword
        if keyword in _CLOSES:
            self._remaining[keyword] -= 1
            self._end(tag)
        elif keyword in _MIDDLE:
            self._divide(tag)
        elif keyword in FORBIDDEN_TAGS:
            self._forbid(tag)
        elif keyword in _PAIRED and not (keyword == "set" and self._assigns(tag)):
            self._begin(tag)
        elif keyword not in {"set", "print"}:
            self._unknown(tag)

    def _begin(self, tag: Tag) -> None:
        self._open.append(tag)
        self._parts[tag.first] = [tag]
        if len(self._open) > MAX_BLOCKS:
            self._report(tag, f"blocks are nested more than {MAX_BLOCKS} deep")
            for owner in self._open:
                self.drop(owner)

    def _divide(self, tag: Tag) -> None:
        owner = self._open[-1] if self._open else None
        if owner is None or owner.keyword not in _MIDDLE[tag.keyword]:
            places = " or ".join(f"`{{% {name} %}}`" for name in _MIDDLE[tag.keyword])
            self._report(tag, f"`{{% {tag.keyword} %}}` stands outside of any {places}")
            tag.broken = True
            return
        parts = self._parts[owner.first]
        if any(part.keyword == "else" for part in parts):
            self._report(tag, f"`{{% {tag.keyword} %}}` after `{{% else %}}`")
            tag.broken = True
            return
        parts.append(tag)
        if owner.broken:
            tag.broken = True

    def _end(self, tag: Tag) -> None:
        wanted = _CLOSES[tag.keyword]
        if wanted not in [owner.keyword for owner in self._open]:
            self._end_of_nothing(tag)
            return
        while self._open[-1].keyword != wanted:
            inner = self._open.pop()
            self._report(
                inner,
                f"`{{% {inner.keyword} %}}` is not closed before `{{% {tag.keyword} %}}`",
                help=f"close it with `{{% end{inner.keyword} %}}`",
                marks=(self._mark(tag, "the block around it ends here"),),
            )
            self.drop(inner)
        owner = self._open.pop()
        self._parts[owner.first].append(tag)
        if owner.broken or tag.broken:
            self.drop(owner)

    def _end_of_nothing(self, tag: Tag) -> None:
        tag.broken = True
        owner = self._open[-1] if self._open else None
        expected = f"end{owner.keyword}" if owner else ""
        opened = sum(1 for other in self._open if owner and other.keyword == owner.keyword)
        if owner is None or self._remaining.get(expected, 0) >= opened:
            if _CLOSES[tag.keyword] not in FORBIDDEN_TAGS:
                self._report(tag, f"`{{% {tag.keyword} %}}` closes nothing")
            return
        word = self._scan.tokens[tag.first + 1]
        self._report(
            tag,
            f"expected `{{% {expected} %}}`, found `{{% {tag.keyword} %}}`",
            marks=(self._mark(owner, "this is what must be closed"),),
            edits=(Replacement(word.start, word.end, expected),),
        )
        self.drop(self._open.pop())

    def _forbid(self, tag: Tag) -> None:
        why = (
            "a prompt is plain text, and nothing is escaped in it"
            if tag.keyword == "autoescape"
            else "a template stands alone and cannot use other templates"
        )
        self._report(tag, f"the tag `{tag.keyword}` cannot be used here", help=why)
        tag.broken = True
        if tag.keyword in _PAIRED:
            self._open.append(tag)
            self._parts[tag.first] = [tag]

    def _unknown(self, tag: Tag) -> None:
        keyword = tag.keyword
        if not tag.broken:
            if not keyword:
                self._report(tag, "this tag does not start with a name")
            elif keyword == "endraw":
                self._report(tag, "`{% endraw %}` closes nothing")
            elif keyword == "raw":
                self._report(tag, "expected `{% raw %}`, with nothing more in the tag")
            elif keyword in {"elseif", "elsif"}:
                self._propose(tag, "elif")
            elif keyword in _ABSENT:
                self._report(tag, f"there is no tag `{keyword}`", help=_ABSENT[keyword])
            else:
                self._propose(tag, nearest(keyword, _KNOWN))
        tag.broken = True
        meant = (
            nearest(keyword, _KNOWN)
            if keyword and keyword not in {*_ABSENT, "raw", "endraw"}
            else None
        )
        if meant and (meant in _PAIRED or meant in _CLOSES):
            # Its partner is there and is not to be blamed as well.
            tag.keyword = meant
            if meant in _CLOSES and meant[3:] in [owner.keyword for owner in self._open]:
                self._end(tag)
            elif meant in _PAIRED and self._remaining.get(f"end{meant}"):
                self._begin(tag)

    def _propose(self, tag: Tag, meant: str | None) -> None:
        word = self._scan.tokens[tag.first + 1]
        self._report(
            tag,
            f"there is no tag `{tag.keyword}`",
            help=f"did you mean `{meant}`?" if meant else None,
            edits=(Replacement(word.start, word.end, meant),) if meant else (),
        )

    def _assigns(self, tag: Tag) -> bool:
        depth = 0
        for token in self._scan.tokens[tag.first : tag.last]:
            if token.type in {"lparen", "lbracket", "lbrace"}:
                depth += 1
            elif token.type in {"rparen", "rbracket", "rbrace"}:
                depth -= 1
            elif token.type == "assign" and depth == 0:
                return True
        return tag.broken

    def drop(self, tag: Tag) -> None:
        """Leave a tag out of what is parsed, with its branches and its end."""
        for part in self._parts.get(tag.first, [tag]):
            part.broken = True

    def _range(self, tag: Tag) -> tuple[int, int]:
        """The keyword of a tag, or its opening where it has none."""
        tokens = self._scan.tokens
        named = tokens[tag.first + 1].type == "name" and tag.first + 1 < tag.last
        token = tokens[tag.first + 1 if named else tag.first]
        return token.start, token.end

    def _mark(self, tag: Tag, message: str) -> Mark:
        return Mark(message, *self._range(tag))

    def _report(
        self,
        tag: Tag,
        message: str,
        *,
        help: str | None = None,  # noqa: A002
        marks: tuple[Mark, ...] = (),
        edits: tuple[Replacement, ...] = (),
    ) -> None:
        start, end = self._range(tag)
        self.faults.append(
            Fault(
                rule=TEMPLATE_SYNTAX,
                start=start,
                end=end,
                message=message,
                help=help,
                marks=marks,
                edits=edits,
            )
        )
