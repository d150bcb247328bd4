"""Diagnostics made by hand, one for each thing that a report has to cope with, and random ones."""

from hypothesis import strategies as st

from botticelli.compiler.diagnostics import Diagnostic, Edit, Fix, Label, Location
from botticelli.compiler.source import Source, Span
from botticelli.grammar import catalogue

WELCOME = Source(
    "narratives/welcome.toml",
    """\
[narrative]
name = "welcome"
modle = "gemini-2.5-flash"

[toc]
order = ["greet", "post", "greet"]

[acts.greet]
prompt = \"\"\"
Say hello to {{ previous }}
in the words of {{ poet }},
and in no more than {{ words }} words.
\"\"\"
temperature = 0.5

[acts.post]
prompt = "Post it."
temperature = 0.7
temperature = 0.9
""",
)

BOTS = Source(
    "narratives/bots.yaml",
    "bots:\n  welcome:\n    platform: discord\n    command: messages.sned\n",
)

ODD = Source(
    "narratives/odd.toml",
    "\ufeffjp\t= '日本語 text' # wide\n"
    "e\u0301te\u0301 = 'cafe\u0301' # marks\r\n"
    "trojan = '\u202euser\u2066' # bidi\n"
    "bell\x07 = 'a\x1b[31mb' # controls\n"
    "party = '👩\u200d🚀🎉' # emoji\n"
    "mod\u200del = 1 # joined\n",
)

LONG = Source(
    "narratives/long.toml",
    f'prompt = "{"lorem ipsum " * 30}{{{{ missing }}}}{" dolor sit" * 30}"\n'
    f'other = "{"日本語" * 60}{{{{ 足りない }}}}{"日本語" * 60}"\n',
)

EMPTY = Source("narratives/empty.toml", "")


def at(source: Source, text: str, nth: int = 0) -> Location:
    """Return the place of the nth occurrence of ``text``."""
    start = -1
    for _ in range(nth + 1):
        start = source.text.index(text, start + 1)
    return Location(source, Span(start, start + len(text)))


def end_of(source: Source) -> Location:
    return Location(source, Span(len(source.text), len(source.text)))


PROMPT = at(WELCOME, WELCOME.text[WELCOME.text.index('"""') : WELCOME.text.rindex('"""') + 3])

ON_ONE_LINE = (
    Diagnostic(
        rule=catalogue.UNKNOWN_KEY,
        message="`modle` is not a key of a narrative",
        location=at(WELCOME, "modle"),
        note="not a key of a narrative",
        help="did you mean `model`?",
        fix=Fix(True, (Edit(at(WELCOME, "modle"), "model"),)),
    ),
    Diagnostic(
        rule=catalogue.REPEATED_ACT,
        message="the act `greet` stands twice in one order",
        location=at(WELCOME, "greet", 1),
        note="again here",
        labels=(
            Label("the order", at(WELCOME, '["greet", "post", "greet"]')),
            Label("first here", at(WELCOME, "greet")),
            Label("another between", at(WELCOME, "post")),
        ),
    ),
    Diagnostic(
        rule=catalogue.UNKNOWN_SCHEMA,
        message="nothing is known of the table",
        location=at(WELCOME, "0.5"),
    ),
    Diagnostic(
        rule=catalogue.WRONG_TYPE,
        message="two labels begin at one place",
        location=at(WELCOME, "temperature = 0.5"),
        note="the whole entry",
        labels=(Label("its key", at(WELCOME, "temperature")), Label("", at(WELCOME, "0.5"))),
    ),
)

ON_SEVERAL_LINES = (
    Diagnostic(
        rule=catalogue.DUPLICATE_KEY,
        message="`temperature` is defined twice",
        location=at(WELCOME, "temperature", 2),
        note="defined again",
        labels=(Label("first defined here", at(WELCOME, "temperature", 1)),),
        fix=Fix(False, (Edit(at(WELCOME, "temperature = 0.9\n"), ""),)),
    ),
    Diagnostic(
        rule=catalogue.EMPTY_ACT,
        message="a span over several lines",
        location=PROMPT,
        note="this prompt",
        labels=(
            Label("a name inside", at(WELCOME, "poet")),
            Label("the whole act", Location(WELCOME, Span(PROMPT.span.start - 22, 244))),
        ),
    ),
    Diagnostic(
        rule=catalogue.UNKNOWN_COMMAND,
        message="discord has no command `messages.sned`",
        location=at(BOTS, "messages.sned"),
        note="unknown",
        labels=(
            Label("of this platform", at(BOTS, "discord")),
            Label("used here", at(WELCOME, "Post it.")),
            Label("and here", at(WELCOME, "order")),
        ),
        help="commands of that name:\n  messages.send\n  messages.edit",
        fix=Fix(
            False,
            (
                Edit(at(BOTS, "sned"), "send"),
                Edit(Location(WELCOME, Span(0, 0)), "# see bots.yaml\n"),
                Edit(at(WELCOME, "post"), "send"),
            ),
        ),
    ),
    Diagnostic(
        rule=catalogue.MISSING_ORDER,
        message="the file ends before its order",
        location=end_of(WELCOME),
        note="expected `[toc]`",
        fix=Fix(True, (Edit(Location(WELCOME, Span(11, 11)), " # here"),)),
    ),
    Diagnostic(
        rule=catalogue.NO_NARRATIVE,
        message="an empty file",
        location=end_of(EMPTY),
        fix=Fix(False, (Edit(end_of(EMPTY), "".join(f"line {n}\n" for n in range(12))),)),
    ),
)

ODD_CHARACTERS = (
    Diagnostic(
        rule=catalogue.BAD_VALUE,
        message="wide characters after a tab",
        location=at(ODD, "語"),
        note="two columns",
        labels=(Label("behind it", at(ODD, "wide")), Label("the tab", at(ODD, "\t"))),
    ),
    Diagnostic(
        rule=catalogue.UNKNOWN_KEY,
        message="`e\u0301te\u0301` has combining marks",
        location=at(ODD, "e\u0301te\u0301"),
        note="three columns",
        labels=(Label("one mark alone", at(ODD, "\u0301", 2)), Label("after", at(ODD, "marks"))),
    ),
    Diagnostic(
        rule=catalogue.BAD_VALUE,
        message="bidirectional overrides such as \u202e are shown",
        location=at(ODD, "\u202e"),
        note="turns \u202e the text",
        labels=(Label("after", at(ODD, "bidi")),),
    ),
    Diagnostic(
        rule=catalogue.SYNTAX_ERROR,
        message="control characters are shown",
        location=at(ODD, "\x1b"),
        note="no colour \x1b[31m",
        labels=(Label("no bell", at(ODD, "\x07")),),
        help="remove \x1b",
        fix=Fix(True, (Edit(at(ODD, "\x1b[31m"), ""),)),
    ),
    Diagnostic(
        rule=catalogue.BAD_VALUE,
        message="emoji made of several",
        location=at(ODD, "👩\u200d🚀"),
        note="together",
        labels=(Label("after", at(ODD, "🎉")), Label("hidden in a name", at(ODD, "\u200d", 1))),
    ),
    Diagnostic(
        rule=catalogue.UNKNOWN_NAME,
        message="nothing defines `missing`",
        location=at(LONG, "missing"),
        note="in the middle of a long line",
        labels=(Label("its beginning", at(LONG, "prompt")), Label("its end", at(LONG, "sit", 29))),
    ),
    Diagnostic(
        rule=catalogue.UNKNOWN_NAME,
        message="nothing defines `足りない`",
        location=at(LONG, "足りない"),
        note="in the middle of a long and wide line",
        labels=(Label("all of it", at(LONG, LONG.line(2))),),
    ),
)

SAMPLES = {
    "on one line": ON_ONE_LINE,
    "on several lines": ON_SEVERAL_LINES,
    "odd characters": ODD_CHARACTERS,
}

ALL = ON_ONE_LINE + ON_SEVERAL_LINES + ODD_CHARACTERS

characters = st.one_of(
    st.sampled_from(
        "ab ='\"[]\t\n\r日語🎉é\u0301\u200d\u200b\u202e\x00\x1b\x85\u2028\ufeff\ufffe\udcff`%:,"
    ),
    st.characters(codec=None),
)
texts = st.text(characters, max_size=60)
paths = st.text(characters, min_size=1, max_size=12)


@st.composite
def locations(draw: st.DrawFn, sources: list[Source]) -> Location:
    source = draw(st.sampled_from(sources))
    start = draw(st.integers(0, len(source.text)))
    end = draw(st.integers(start, len(source.text)))
    return Location(source, Span(start, end))


@st.composite
def diagnostics(draw: st.DrawFn) -> list[Diagnostic]:
    """Any findings in any files: only their spans lie within the text."""
    named = draw(st.dictionaries(paths, texts, min_size=1, max_size=3))
    places = locations([Source(path, text) for path, text in named.items()])
    edits = st.builds(Edit, places, texts)
    one = st.builds(
        Diagnostic,
        rule=st.sampled_from(list(catalogue.RULES.values())),
        message=texts,
        location=places,
        note=texts,
        labels=st.lists(st.builds(Label, texts, places), max_size=4).map(tuple),
        help=st.none() | texts,
        fix=st.none()
        | st.builds(Fix, st.booleans(), st.lists(edits, min_size=1, max_size=3).map(tuple)),
    )
    return draw(st.lists(one, max_size=3))
