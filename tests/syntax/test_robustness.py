"""No text makes a reader raise, hang or take the machine's memory; and both TOML readers agree."""

import random
import time
import tomllib
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from plain import every, same, values
from toml_cases import INVALID, VALID

from botticelli.compiler.source import Source
from botticelli.compiler.syntax.nodes import Document, Scalar
from botticelli.compiler.syntax.reader import read
from botticelli.compiler.syntax.toml import parse_toml, read_toml
from botticelli.compiler.syntax.yaml import read_yaml

BROKEN = sorted((Path(__file__).parent / "broken").iterdir())
TOML = [text for text, _ in VALID.values()] + [t for t in INVALID.values() if len(t) < 1000]
TOML += [path.read_text("utf-8") for path in BROKEN if path.match("[!l]*.toml")]
YAML = [path.read_text("utf-8") for path in BROKEN if path.match("[!u]*.yaml")]
YAML += ["a: &x {b: [1, *y], <<: *z}\n", "k: >-\n  a\n\n   b\n", "k: |2+\n   a\n", "? a\n: - b\n"]
TOML_SIGNS = [
    '"""',
    "'''",
    *"\"'\\\n\r\t []{}=,.#\0\x7f\xa0é",
    "[[",
    "]]",
    "1979-05-27",
    "07:32:00",
]
YAML_SIGNS = [
    *"\"'\\\n\r\t []{}:,-?&*!|>%@`#~\0\x85\u2028é",
    "<<",
    ": ",
    "- ",
    "\n  ",
    "---\n",
    "&x",
]


def check_places(document: Document) -> None:
    size = len(document.source.text)
    spans = [fault.location.span for fault in document.faults]
    spans += [label.location.span for fault in document.faults for label in fault.labels]
    for node in every(document.root):
        spans.append(node.span)
        if isinstance(node, Scalar) and isinstance(node.value, str):
            spans += [node.locate(i, i + 1).span for i in range(len(node.value))]
    assert all(0 <= span.start <= span.end <= size for span in spans)
    assert document.intact or document.faults


def mutated(seeds: list[str], signs: list[str]) -> st.SearchStrategy[str]:
    """Files of the kind, with signs put in, parts cut out and parts of others moved in."""

    def change(text: str, chance: random.Random) -> str:
        for _ in range(chance.randint(1, 4)):
            place = chance.randint(0, len(text))
            kind = chance.choice(["put", "put", "cut", "move"])
            other = chance.choice(seeds)
            start = chance.randint(0, len(other))
            put = {
                "put": chance.choice(signs),
                "cut": "",
                "move": other[start : start + chance.randint(1, 30)],
            }[kind]
            text = text[:place] + put + text[place + chance.randint(0, 4) * (kind == "cut") :]
        return text

    return st.builds(change, st.sampled_from(seeds), st.randoms(use_true_random=False))


@settings(max_examples=400, deadline=None)
@given(
    mutated(TOML, TOML_SIGNS) | st.lists(st.sampled_from(TOML_SIGNS + list("ab1_-+e"))).map("".join)
)
def test_toml_readers_agree(text: str) -> None:
    source = Source("a.toml", text)
    document = parse_toml(source)
    check_places(document)
    try:
        expected = tomllib.loads(source.text)
    except (ValueError, RecursionError):
        assert document.faults
    else:
        assert document.faults == []
        assert same(values(document), expected)
        quick = read_toml(source)
        check_places(quick)
        assert [n.span for n in every(quick.root)] == [n.span for n in every(document.root)]


@settings(max_examples=300, deadline=None)
@given(mutated(YAML, YAML_SIGNS) | st.lists(st.sampled_from(YAML_SIGNS + list("ab1"))).map("".join))
@example("a: '\u2028 b'")
def test_yaml_never_raises(text: str) -> None:
    check_places(read_yaml(Source("a.yaml", text)))


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(["a.toml", "a.yaml", "a.yml"]), st.binary() | st.text().map(str.encode))
@example("a.toml", b"\xef\xbb\xbf")
@example("a.yaml", b"\xef\xbb\xbf\xef\xbb\xbfa: 1")
def test_any_bytes(path: str, data: bytes) -> None:
    check_places(read(path, data))


MANY = 25_000
HEAVY = {
    "arrays in arrays": ("a.toml", "a = " + "[" * 100_000),
    "closed arrays in arrays": ("a.toml", "a = " + "[" * MANY + "]" * MANY),
    "inline tables": ("a.toml", "a = " + "{a=" * MANY),
    "a dotted key": ("a.toml", ".".join("a" * MANY) + " = 1"),
    "a dotted key in an inline table": ("a.toml", "x = {" + ".".join("a" * MANY) + " = 1}"),
    "a header": ("a.toml", "[" + ".".join("a" * MANY) + "]"),
    "many bad lines": ("a.toml", "a b c\n" * MANY),
    "many open strings": ("a.toml", 'a = """\n' * MANY),
    "many open arrays": ("a.toml", "a = [\n" * MANY),
    "many bad values": ("a.toml", "a = [" + "yes, " * MANY + "]"),
    "missing commas": ("a.toml", "a = [" + "1 " * MANY + "]"),
    "quotes": ("a.toml", '"' * MANY),
    "digits": ("a.toml", "a = " + "1_" * MANY),
    "backslashes": ("a.toml", 'a = "' + "\\" * MANY),
    "one key again and again": ("a.toml", "a = 1\n" * 5_000),
    "flow lists": ("a.yaml", "a: " + "[" * 100_000),
    "flow mappings": ("a.yaml", "a: " + "{a: " * MANY),
    "block lists": ("a.yaml", "a:\n " + "- " * MANY),
    "complex keys": ("a.yaml", "? " * MANY),
    "open string": ("a.yaml", 'a: "' + "x\n" * MANY),
    "bad lines": ("a.yaml", "a: @x\n" * MANY),
    "ampersands": ("a.yaml", "a: " + "&" * MANY),
    "alias bomb": (
        "a.yaml",
        "a0: &a0 [1, 1]\n" + "".join(f"a{i + 1}: &a{i + 1} [*a{i}, *a{i}]\n" for i in range(40)),
    ),
    "merge bomb": (
        "a.yaml",
        "a: &a {" + ", ".join(f"k{i}: 1" for i in range(5000)) + "}\n"
        "" + "".join(f"m{i}: {{<<: *a}}\n" for i in range(1000)),
    ),
    "aliases that nest": (
        "a.yaml",
        "a0: &a0 [1]\n" + "".join(f"a{i + 1}: &a{i + 1} [*a{i}]\n" for i in range(300)),
    ),
    "control characters": ("a.yaml", "\x01" * MANY),
}


@pytest.mark.parametrize("name", HEAVY)
def test_heavy_files_are_refused(name: str) -> None:
    path, text = HEAVY[name]
    begun = time.monotonic()
    document = read(path, text.encode())
    assert 1 <= len(document.faults) <= 101
    assert time.monotonic() - begun < 10


def test_there_is_a_last_fault_that_says_so() -> None:
    document = read("a.toml", b"a b c\n" * 1000)
    assert len(document.faults) == 101
    assert document.faults[-1].message == "more than 100 errors: the rest of the file was not read"


@pytest.mark.parametrize("levels", [1, 100, 127, 128, 129, 200])
@pytest.mark.parametrize(
    "nest",
    [
        lambda n: ("a.toml", "a = " + "[" * n + "1" + "]" * n),
        lambda n: ("a.toml", "a = " + "{a = " * n + "1" + "}" * n),
        lambda n: ("a.toml", ".".join("a" * (n + 1)) + " = 1"),
        lambda n: ("a.toml", "[" + ".".join("a" * n) + "]\nb = 1"),
        lambda n: ("a.yaml", "a: " + "[" * n + "1" + "]" * n),
        lambda n: ("a.yaml", "".join(" " * i + "a:\n" for i in range(n)) + " " * n + "a: 1"),
    ],
)
def test_nesting_is_limited_to_128_levels(nest, levels: int) -> None:
    path, text = nest(levels)
    document = read(path, text.encode())
    if levels <= 127:
        assert document.faults == []
        assert len(every(document.root)) == levels + 2
        assert every(document.root)[-1].span
    else:
        assert [fault.message for fault in document.faults] == [
            "nested more than 128 levels deep"
        ] or levels == 128


@pytest.mark.parametrize("path", ["a.toml", "a.yaml"])
def test_a_large_clean_file_is_read(path: str) -> None:
    if path == "a.toml":
        text = "".join(f'[t{i}]\na = {i}\nb = """\n{"x" * 50}\n"""\n' for i in range(4_000))
    else:
        text = "".join(f"t{i}:\n  a: {i}\n  b: |\n    {'x' * 50}\n" for i in range(4_000))
    document = read(path, text.encode())
    assert document.faults == []
    assert len(document.root.entries) == 4_000
    assert document.root.entries["t3999"].span.start > 0
