"""YAML 1.2 with its core schema: values, places, anchors, merge keys, and what is refused."""

from math import inf, nan

import pytest
from plain import every, plain, same, values

from botticelli.compiler.source import Source
from botticelli.compiler.syntax.nodes import Array, Scalar, Table
from botticelli.compiler.syntax.yaml import read_yaml


def read(text: str):
    return read_yaml(Source("a.yaml", text))


def messages(text: str) -> list[str]:
    return [fault.message for fault in read(text).faults]


def written(node) -> str:
    return node.document.source.text[node.span.start : node.span.end]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", None),
        ("~", None),
        ("null", None),
        ("NULL", None),
        ("nUll", "nUll"),
        ("none", "none"),
        ("true", True),
        ("False", False),
        ("TRUE", True),
        ("yes", "yes"),
        ("no", "no"),
        ("on", "on"),
        ("Off", "Off"),
        ("y", "y"),
        ("0", 0),
        ("-17", -17),
        ("+5", 5),
        ("0123", 123),
        ("0o17", 15),
        ("0x1F", 31),
        ("0b11", "0b11"),
        ("1_000", "1_000"),
        ("-0x1", "-0x1"),
        ("12:30:45", "12:30:45"),
        ("1.5", 1.5),
        (".5", 0.5),
        ("5.", 5.0),
        ("-1.5e-3", -0.0015),
        ("1e3", 1000.0),
        ("+.inf", inf),
        ("-.INF", -inf),
        (".NaN", nan),
        ("inf", "inf"),
        ("nan", "nan"),
        (".", "."),
        ("1.2.3", "1.2.3"),
        ("2024-05-27", "2024-05-27"),
        ("2024-05-27T07:32:00Z", "2024-05-27T07:32:00Z"),
        ("'1'", "1"),
        ('"true"', "true"),
        ("!!str 1", "1"),
        ("! 1", "1"),
        ("!!int '0x10'", 16),
        ("!!float 1", 1.0),
        ("!!float .inf", inf),
        ("!!bool 'true'", True),
        ("!!null ''", None),
        ("!!str", ""),
        ("!!seq [1]", [1]),
        ("!!map {a: 1}", {"a": 1}),
        ("!<tag:yaml.org,2002:str> 1", "1"),
        ("=", "="),
        ("<<", "<<"),
        ("a#b", "a#b"),
        ("http://a.b/c:d", "http://a.b/c:d"),
    ],
)
def test_core_schema(text: str, value: object) -> None:
    found = read(f"k: {text}\nl: [{text} ]\n")
    assert found.faults == []
    assert same(values(found), {"k": value, "l": [value] if text else []})


def test_keys_are_text_as_written() -> None:
    text = "1: a\n0x10: b\ntrue: c\n~: d\n2024-05-27: e\n'q': f\n\"\\x41\": g\n1.50: h\n'<<': i\n"
    keys = ["1", "0x10", "true", "~", "2024-05-27", "q", "A", "1.50", "<<"]
    assert list(values(read(text))) == keys


def test_every_node_has_its_place() -> None:
    text = (
        "# first\n"
        "a: &x !!str one # c\n"
        "b:\n"
        "  - two\n"
        "  - - 'three'\n"
        "  - k: {l: [1, 2]} # c\n"
        "    m: |\n"
        "      four\n"
        "\n"
        "      five\n"
        "\n"
        "c: *x\n"
        "d:\n"
        "? e\n"
        ": 😀 six\n"
        "f: !!map\n"
        "  g: !!seq [\n  ]\n"
    )
    document = read(text)
    assert document.faults == []
    assert [(node.key, type(node).__name__, written(node)) for node in every(document.root)] == [
        ("", "Table", ""),
        ("a", "Scalar", "one"),
        ("b", "Array", "b"),
        (0, "Scalar", "two"),
        (1, "Array", "-"),
        (0, "Scalar", "'three'"),
        (2, "Table", "k"),
        ("k", "Table", "{l: [1, 2]}"),
        ("l", "Array", "[1, 2]"),
        (0, "Scalar", "1"),
        (1, "Scalar", "2"),
        ("m", "Scalar", "|\n      four\n\n      five"),
        ("c", "Scalar", "*x"),
        ("d", "Scalar", ""),
        ("e", "Scalar", "😀 six"),
        ("f", "Table", "f"),
        ("g", "Array", "[\n  ]"),
    ]
    for node in every(document.root):
        if isinstance(node, Table):
            for key, _ in node:
                span = node.key_location(key).span
                assert text[span.start : span.end] == key


@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_places_count_code_points(mark: str, newline: str) -> None:
    source = Source("a.yaml", mark + newline.join(["😀é: ‘x’", "ñ: [😀, ß]", "e: |", " 😀", ""]))
    document = read_yaml(source)
    array = document.root.entries["ñ"]
    assert isinstance(array, Array)
    assert [written(item) for item in array.items] == ["😀", "ß"]
    assert source.position(array.items[1].span.start).column == 8
    offset = source.position(document.root.entries["e"].span.start).offset
    assert offset == len((mark + newline.join(["😀é: ‘x’", "ñ: [😀, ß]", "e: "])).encode())


def test_aliases_and_anchors() -> None:
    text = "a: &a {x: &s text, y: [1]}\nb: *a\nc: *s\n*s : d\n"
    document = read(text)
    assert document.faults == []
    assert values(document) == {
        "a": {"x": "text", "y": [1]},
        "b": {"x": "text", "y": [1]},
        "c": "text",
        "text": "d",
    }
    copied = document.root.entries["b"]
    assert isinstance(copied, Table)
    assert written(copied) == "*a"
    assert written(copied.entries["x"]) == "text"
    scalar = document.root.entries["c"]
    assert isinstance(scalar, Scalar)
    assert written(scalar) == "*s"
    assert scalar.locate(0, 4).span.start == text.index("text")


def test_an_anchor_can_be_defined_again() -> None:
    assert values(read("a: &x 1\nb: *x\nc: &x 2\nd: *x\n")) == {"a": 1, "b": 1, "c": 2, "d": 2}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("m: {<<: *a, z: 0}", {"x": 1, "y": 2, "z": 0}),
        ("m: {y: 0, <<: *a}", {"y": 0, "x": 1}),
        ("m: {<<: *a, y: 0}", {"x": 1, "y": 0}),
        ("m: {<<: [*b, *a]}", {"x": 3, "w": 4, "y": 2}),
        ("m: {<<: [*a, *b], x: 0}", {"y": 2, "w": 4, "x": 0}),
        ("m: {<<: {q: 1}}", {"q": 1}),
        ("m:\n  <<: *a\n  y: 5\n", {"x": 1, "y": 5}),
        ("m: {<<: &c {q: 1}, n: *c}", {"q": 1, "n": {"q": 1}}),
        ("m: {<<: []}", {}),
    ],
)
def test_merge_keys(text: str, value: object) -> None:
    document = read("a: &a {x: 1, y: 2}\nb: &b {x: 3, w: 4}\n" + text)
    assert document.faults == []
    assert same(plain(document.root.entries["m"]), value)
    for node in every(document.root):
        assert node.place


def test_empty_documents_are_empty_tables() -> None:
    for text in ("", "\n", "# c\n", "---\n", "--- \n...\n", "~", "null\n", "%YAML 1.2\n---\n"):
        document = read(text)
        assert (document.faults, values(document)) == ([], {})


def test_a_document_may_have_marks_around_it() -> None:
    assert values(read("%YAML 1.2\n---\na: 1\n...\n")) == {"a": 1}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("- a\n", "found a list"),
        ("[a]", "found a list"),
        ("a", "found a single value"),
        ("a: 1\n---\nb: 1\n", "a second document begins here"),
        ("a: &x [*x]\n", "stands within what it names"),
        ("a: *x\n", "no anchor `&x`"),
        ("? [a]\n: 1\n", "a key is text"),
        ("a: {{b: 1}: 2}\n", "`{{` begins a mapping"),
        ("a: &x [1]\n*x : 1\n", "a key is text"),
        (": 1\n", "expected a key before `:`"),
        ("a: {: 1}\n", "expected a key before `:`"),
        ("? \n: 1\n", "expected a key before `:`"),
        ("a: !!python/object:os.system x\n", "the tag `!!python/object:os.system` is unknown"),
        ("a: !!set {b}\n", "the tag `!!set` is unknown"),
        ("!x a: 1\n", "the tag `!x` is unknown"),
        ("!!str a: 1\n!y b: 2\n", "the tag `!y` is unknown"),
        ("a: !!int 1.5\n", "is not a value of the tag `!!int`"),
        ("a: " + "9" * 5000, "an integer of 5000 digits is too large"),
        ("a: b\x07\n", "U+0007"),
        ("a: 1\na: 2\n", "`a` is defined twice"),
        ("a: {b: 1, 'b': 2}\n", "`b` is defined twice"),
    ],
)
def test_refused(text: str, said: str) -> None:
    found = messages(text)
    assert len(found) == 1, found
    assert said in found[0]


def test_a_fault_does_not_hide_those_after_it() -> None:
    document = read("a: [1\nb: 2\nc: 'x\nd: 3\ne: @x\nf: &x 1\ng: *x\n")
    assert len(document.faults) == 3
    found = values(document)
    assert {key: found[key] for key in "bdfg"} == {"b": 2, "d": 3, "f": 1, "g": 1}


def test_what_is_defined_twice_leaves_the_first_and_the_document_intact() -> None:
    document = read("a: 1\na: 2\n")
    assert document.intact
    assert values(document) == {"a": 1}
