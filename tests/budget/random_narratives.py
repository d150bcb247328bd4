"""Random programs of everything that bounds are computed from, and the tables they read."""

import sqlite3
import struct
import zlib
from pathlib import Path
from typing import Any

from budget.greedy import ADVERSARIAL, PROVIDER_OF
from hypothesis import strategies as st
from msgspec import Struct
from runtime.programs import (
    PLACE,
    act,
    carousel,
    narrative,
    program,
    sequence,
    stats,
    template,
    text,
)

from botticelli.compiler.ir.expressions import Call, Compare, Literal, Name
from botticelli.compiler.ir.program import (
    Act,
    Branch,
    Caps,
    Content,
    MediaInput,
    ModelSettings,
    Parallel,
    Program,
    Repeat,
    Retry,
    Sequence,
    Step,
    TableInput,
    Variable,
)
from botticelli.compiler.ir.types import Bool, Enum, Field, Int, Optional, Record, Text

POST = Record((Field("title", Text(1, 8)), Field("score", Int(1, 9))))

PROMPTS = (
    "Write the next line of the tale, as short as you can make it.",
    "{% if previous is defined %}Go on from {{ previous }}{% else %}Begin.{% endif %}",
    "{% if a0 is defined %}{{ a0 }} {{ a0 | upper }} {{ a0 | length }}{% endif %} And so on.",
    "{% for n in range(3) %}{% if a1 is defined %}{{ a1 }}{% endif %} {% endfor %} the end",
    "{% if previous is defined %}{{ previous }}{{ previous }}{% endif %}{{ vars.topic }} then",
    "{% if a2 is defined %}{{ a2 | tojson }} {{ a2 | title }}{{ a2[:20] }}{% endif %} Go.",
    "{% if a0 is defined and a1 is defined %}{{ a0 ~ a1 | replace('e', 'ea') }}{% endif %} More.",
    "{% set t = vars.topic %}{{ t | trim | lower }} {{ t | e }} and {{ t | urlencode }} go",
    "word " * 2500,
    *(f"Say it: {style}" for style in ADVERSARIAL if "{%" not in style),
)
TABLE_PROMPTS = (
    "{{ posts }} Compare.",
    "{% for row in posts %}- {{ row.a }}: {{ row.b | upper }}\n{% endfor %} Compare.",
    "{{ posts | length }} rows: {{ posts[0] if posts else '' }} {{ posts | tojson }}",
    "Compare them.",
)


PICTURE = "picture.png"


class Case(Struct, frozen=True):
    """A program with the rows that its table holds, the pixels of its picture, and how a model
    counts."""

    program: Program
    columns: Record
    rows: tuple[tuple[Any, ...], ...]
    model: str
    counting: str
    styles: tuple[str, ...]
    structured: bool
    pixels: tuple[int, int]


COLUMN_TYPES = (
    Text(None, 5),
    Text(1, 40),
    Optional(Text(None, 12)),
    Enum(("pending", "approved")),
    Int(1, 5),
    Int(),
    Bool(),
)


def longest(kind: Any, style: str) -> Any:
    """The longest value of a column's type."""
    match kind:
        case Optional(of=of):
            return longest(of, style)
        case Text(maximum=int() as most):
            return (style * most)[:most]
        case Enum(values=values):
            return max(values, key=len)
        case Int(maximum=None):
            return -(2**62)
        case Int(maximum=high):
            return high
    return True


@st.composite
def tables(draw: st.DrawFn, columns: Record) -> TableInput:
    return TableInput(
        place=PLACE,
        table=template("posts"),
        names=("posts",),
        limit=draw(st.integers(0, 6)),
        sample=draw(st.none() | st.integers(1, 4)),
        format=draw(st.sampled_from(["json", "markdown", "csv"])),
        required=False,
        max_bytes=draw(st.none() | st.just(60)),
        row=columns,
        retention=draw(RETENTION),
    )


RETENTION = st.sampled_from(["full", "summary", "drop"])


@st.composite
def acts(
    draw: st.DrawFn, name: str, columns: Record, model: str, conditions: st.SearchStrategy[Compare]
) -> Act:
    inputs: list[Any] = []
    if draw(st.integers(0, 2)) == 0:
        inputs.append(stats(retention=draw(RETENTION), max_bytes=draw(st.sampled_from([50, 9000]))))
    table = draw(st.integers(0, 2)) == 0
    if table:
        inputs.append(draw(tables(columns)))
    if draw(st.integers(0, 5)) == 0:
        inputs.append(MediaInput(place=PLACE, kind="image", file=template(PICTURE)))
    if not inputs or isinstance(inputs[-1], MediaInput) or draw(st.integers(0, 3)):
        prompts = (*PROMPTS, *TABLE_PROMPTS * 4) if table else PROMPTS
        most = draw(st.sampled_from([None, None, None, 20, 200]))
        inputs.append(text(draw(st.sampled_from(prompts)), draw(RETENTION), most))
        if draw(st.integers(0, 5)) == 0:
            inputs.append(text(draw(st.sampled_from(PROMPTS)), draw(RETENTION)))
    asks = any(hasattr(each, "template") for each in inputs)
    typed = asks and draw(st.integers(0, 4)) == 0
    return act(
        name,
        *inputs,
        settings=ModelSettings(model=model, max_tokens=draw(st.none() | st.integers(30, 90))),
        output=POST if typed else None,
        system=template(draw(st.sampled_from(PROMPTS))) if draw(st.integers(0, 4)) == 0 else None,
        when=draw(conditions) if draw(st.integers(0, 5)) == 0 else None,
        carousel=carousel(draw(st.integers(1, 5))) if draw(st.integers(0, 4)) == 0 else None,
        retry=Retry(
            attempts=draw(st.integers(1, 3)), invalid_output=draw(st.integers(0, 2)), backoff=0.1
        ),
    )


def _literal(true: bool) -> Compare:
    return Compare("=", Literal(1), Literal(1 if true else 2))


CAPS = st.builds(
    Caps,
    max_requests=st.none() | st.integers(1, 30),
    max_tokens=st.none() | st.integers(100, 60_000),
    max_cost=st.none() | st.sampled_from([0.0001, 0.01]),
)
CONTENT = st.sampled_from([Content(skip=True), Content(), Content(template="shelf")])


HOLDS = st.booleans().map(_literal)
OPEN = st.sampled_from(
    [
        Compare(">", Call("length", (Name("vars", ("topic",)),)), Literal(3)),
        Compare("=", Call("lower", (Name("vars", ("topic",)),)), Literal("x")),
    ]
)
CONDITIONS = HOLDS | OPEN
"""Some are decided before anything runs, `OPEN` ones only then."""


@st.composite
def steps(
    draw: st.DrawFn,
    names: list[str],
    conditions: st.SearchStrategy[Compare],
    depth: int = 2,
) -> Step:
    def body() -> Sequence:
        inner = steps(names, conditions, depth - 1)
        return sequence(*draw(st.lists(inner, min_size=1, max_size=3)))

    kind = draw(st.integers(0, 6)) if depth else 0
    if kind == 2:
        return Parallel(place=PLACE, steps=(body(), body()))
    if kind == 3:
        other = body() if draw(st.booleans()) else None
        return Branch(place=PLACE, condition=draw(conditions), then=body(), otherwise=other)
    if kind == 4:
        return Repeat(
            place=PLACE,
            body=body(),
            carousel=carousel(draw(st.integers(1, 7)), continue_on_error=draw(st.booleans())),
            until=draw(st.none() | HOLDS),
            history=draw(st.sampled_from(["shared", "fresh"])),
        )
    return sequence(draw(st.sampled_from(names)))


@st.composite
def cases(draw: st.DrawFn, *, decided: bool = False) -> Case:
    """Programs; `decided` ones have only conditions that are decided before anything runs."""
    conditions: st.SearchStrategy[Compare] = HOLDS if decided else CONDITIONS
    model = draw(st.sampled_from(list(PROVIDER_OF)))
    kinds = draw(st.lists(st.sampled_from(COLUMN_TYPES), min_size=2, max_size=4))
    columns = Record(tuple(Field("abcd"[place], kind) for place, kind in enumerate(kinds)))
    names = [f"a{number}" for number in range(4)]
    made = [draw(acts(name, columns, model, conditions)) for name in names]
    inner = [draw(acts(name, columns, model, conditions)) for name in ("i0", "i1")]
    callee = narrative(
        *inner, name="inner_tale", carousel=draw(st.none() | st.integers(1, 3).map(carousel))
    )
    called = act(
        "call",
        narrative="inner_tale",
        arguments={"topic": template(draw(st.sampled_from(["{{ vars.topic }}!", "plain"])))},
        settings=ModelSettings(model=model),
    )
    order = sequence(
        "a0", *draw(st.lists(steps([*names, "call"], conditions), min_size=1, max_size=4))
    )
    repeated = draw(st.none() | st.integers(1, 4).map(carousel))
    caps = st.just(Caps()) if decided else st.just(Caps()) | CAPS
    styles = tuple(draw(st.lists(st.sampled_from(ADVERSARIAL), min_size=1, max_size=3)))
    row = tuple(longest(kind, styles[0]) for kind in kinds)
    counting = "bytes" if model.startswith("claude") else draw(st.sampled_from(["o200k", "cl100k"]))
    return Case(
        program(
            narrative(
                *made,
                called,
                order=order,
                carousel=repeated,
                content=draw(CONTENT),
                limits=draw(caps),
            ),
            callee,
            schemas={"shelf": POST},
            variables={"topic": Variable(type=Text(None, 20))},
        ),
        columns,
        (row,) * draw(st.integers(0, 8)),
        model,
        counting,
        styles,
        draw(st.booleans()),
        draw(st.tuples(st.integers(1, 4000), st.integers(1, 4000))),
    )


def write_picture(case: Case, folder: Path) -> None:
    """Make the picture of a case: as much of a PNG as tells its size."""
    header = struct.pack(">IIBBBBB", *case.pixels, 8, 2, 0, 0, 0)
    chunk = b"IHDR" + header
    whole = struct.pack(">I", len(header)) + chunk + struct.pack(">I", zlib.crc32(chunk))
    (folder / PICTURE).write_bytes(b"\x89PNG\r\n\x1a\n" + whole)


def write_table(case: Case, path: Path) -> str:
    """Make the table of a case in a SQLite file and return its URL."""
    names = [field.name for field in case.columns.fields]
    with sqlite3.connect(path) as connection:
        connection.execute(f"create table posts ({', '.join(names)})")
        marks = ", ".join("?" for _ in names)
        connection.executemany(f"insert into posts values ({marks})", case.rows)
    connection.close()
    return f"sqlite:///{path}"
