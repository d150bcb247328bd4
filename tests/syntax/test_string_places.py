"""Each character of a string's value is connected with what it was written as, in every style."""

import pytest
import written
import yaml
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from botticelli.compiler.source import Source, Span
from botticelli.compiler.syntax.nodes import Document, Scalar
from botticelli.compiler.syntax.toml import parse_toml, read_toml
from botticelli.compiler.syntax.yaml import read_yaml

SLOW = settings(suppress_health_check=list(HealthCheck), deadline=None)


def scalar(document: Document) -> Scalar:
    assert document.faults == []
    node = document.root.entries["k"]
    assert isinstance(node, Scalar)
    return node


def ranges(node: Scalar) -> list[tuple[int, int]]:
    assert isinstance(node.value, str)
    spans = [node.locate(i, i + 1).span for i in range(len(node.value))]
    return [(span.start, span.end) for span in spans]


@pytest.mark.parametrize("style", written.TOML)
@pytest.mark.parametrize("read", [read_toml, parse_toml])
@SLOW
@given(data=st.data())
def test_toml(style: str, read, data: st.DataObject) -> None:
    case = data.draw(written.TOML[style])
    node = scalar(read(Source("a.toml", case.text)))
    assert node.value == case.value
    assert ranges(node) == case.ranges


@pytest.mark.parametrize("style", written.YAML)
@SLOW
@given(data=st.data())
def test_yaml(style: str, data: st.DataObject) -> None:
    case = data.draw(written.YAML[style])
    node = scalar(read_yaml(Source("a.yaml", case.text)))
    assert node.value == case.value
    assert ranges(node) == case.ranges


@pytest.mark.parametrize("style", ["", "'", '"', "|", ">"])
@SLOW
@given(text=st.text(st.characters(exclude_categories=("Cs",))), width=st.integers(5, 80))
@example(text="\n\n  a\n b\n\nc\n\n", width=10)
@example(text=" leading\n\n\n more \n\n", width=5)
@example(text="a\u2028b\u2029 c\x85d", width=80)
def test_yaml_as_others_write_it(style: str, text: str, width: int) -> None:
    source = Source("a.yaml", yaml.dump({"k": text}, default_style=style, width=width))
    document = read_yaml(Source("a.yaml", source.text))
    node = scalar(document)
    assert node.value == text
    places = ranges(node)
    assert places == sorted(places)
    for character, (start, end) in zip(text, places, strict=True):
        shown = source.text[start:end]
        assert shown == character or shown[0] in "\\'" or shown.isspace()


def test_an_empty_range_is_an_empty_place() -> None:
    node = scalar(read_toml(Source("a.toml", 'k = "a\\tb"')))
    assert node.locate(1, 1).span == Span(6, 6)
    assert node.locate(3, 3).span == Span(9, 9)
    assert node.locate(1, 3).span == Span(6, 9)


def test_an_empty_string_has_a_place() -> None:
    node = scalar(read_toml(Source("a.toml", 'k = """\n"""')))
    assert node.locate(0, 0).span == Span(8, 8)
