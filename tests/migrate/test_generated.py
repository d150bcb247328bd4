"""Files of the older body made at random: what compiles before compiles to the same afterwards."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from botticelli.cli.main import cli
from botticelli.compiler.compile import compile_file
from botticelli.compiler.ir.encoding import encode
from botticelli.compiler.semantics.commands import canonical

COMMENTS = st.sampled_from(["", "  # kept 1", "\t# [acts] = { kept 2 }"])
TEXTS = st.sampled_from(
    ["Hi", 'It\'s "so"', "tables.t", "a # b", "line\nline", "{{ 1 }}", "$X ${y}"]
)
LINES = st.sampled_from(["\n", "\r\n"])


@st.composite
def text_inputs(draw) -> Any:
    text = draw(TEXTS)
    key = draw(st.sampled_from(["text", "content"]))
    extra = draw(st.sampled_from([{}, {"type": "text"}, {"history_retention": "drop"}]))
    return draw(st.sampled_from([text, {key: text, **extra}]))


@st.composite
def table_inputs(draw) -> Any:
    query = {
        "table_name": "posts",
        draw(st.sampled_from(["where", "where_clause"])): "x = 'a' and y > 1",
        **draw(st.sampled_from([{}, {"pull_and_delete": False}, {"consume": True}])),
    }
    reference = draw(st.sampled_from(["tables.t", "tables.t where z = 1", "table u limit 2"]))
    return draw(st.sampled_from([query, reference, {"ref": "tables.t"}]))


@st.composite
def acts(draw, names: list[str]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for name in names:
        inputs = draw(st.lists(text_inputs() | table_inputs() | st.just("bots.b"), min_size=1))
        made[name] = draw(st.sampled_from([inputs, {"inputs": inputs, "max_tokens": 9}]))
    return made


@st.composite
def documents(draw) -> dict[str, Any]:
    names = draw(st.lists(st.sampled_from("abc"), min_size=1, unique=True))
    shared = draw(acts(names))
    carousel = draw(st.sampled_from([{}, {"carousel": 3}]))
    narratives = {}
    for name in draw(st.lists(st.sampled_from(["n", "m"]), min_size=1, unique=True)):
        order = draw(st.lists(st.sampled_from(names), min_size=1, unique=True))
        preserve = draw(
            st.sampled_from([{}, {"preserve_source": True}, {"preserve_source": False}])
        )
        narratives[name] = {"toc": {"order": order, **carousel}, **preserve}
    document: dict[str, Any] = {"narratives": narratives, "acts": shared}
    if draw(st.booleans()):
        listed = [
            {"name": name, "inputs": act["inputs"] if isinstance(act, dict) else act}
            for name, act in shared.items()
        ]
        document = {"acts": listed, "toc": {"order": names, **carousel}}
    document["bots"] = {
        "b": {
            "platform": "discord",
            "command": draw(st.sampled_from(["server.get_channels", "channels.list"])),
            "guild_id": draw(
                st.sampled_from(["$GUILD", "${env:GUILD}", "${GUILD} ${state:k}", "1"])
            ),
        }
    }
    document["tables"] = {"t": {"where_clause": "q = 'it''s'", "table_name": "t"}}
    return document


def in_toml(document: dict[str, Any], comment: str) -> str:
    """Write a document as people do: sections as headers, deeper tables in braces."""
    lines = ["# top"]
    for section, value in document.items():
        if isinstance(value, list):
            for item in value:
                lines += [f"[[{section}]]{comment}", *entries(item, comment)]
        elif section == "toc" or section == "acts":
            lines += [f"[{section}]{comment}", *entries(value, comment)]
        else:
            for name, item in value.items():
                lines += ["", "# above", f"[{section}.{name}]{comment}", *entries(item, comment)]
    return "\n".join(lines) + "\n"


def entries(table: dict[str, Any], comment: str) -> list[str]:
    return [f"{key} = {value(item)}{comment}" for key, item in table.items()]


def value(item: Any) -> str:
    if isinstance(item, dict):
        return "{ " + ", ".join(f"{key} = {value(each)}" for key, each in item.items()) + " }"
    if isinstance(item, list):
        return f"[{', '.join(map(value, item))}]"
    if isinstance(item, str) and "\n" in item and "'" not in item:
        return f"'''{item}'''"
    return json.dumps(item)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("generated")


@given(
    document=documents(),
    comment=COMMENTS,
    line_end=LINES,
    style=st.sampled_from(["toml", "yaml", "flow"]),
)
@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.too_slow])
def test_the_program_stays_the_same(folder, document, comment, line_end, style):
    path = folder / ("n.toml" if style == "toml" else "n.yaml")
    text = in_yaml(document, style) if style != "toml" else in_toml(document, comment)
    path.write_bytes(text.replace("\n", line_end).encode())
    names = [*document.get("narratives", ["n"])]
    before = programs(path, names)
    assert CliRunner().invoke(cli, ["migrate", str(path)]).exit_code in (0, 1)
    after = path.read_bytes()
    assert programs(path, names) == before
    assert after.count(b"# kept") == text.count("# kept")
    assert (b"\r\n" in after) == (line_end == "\r\n")
    again = CliRunner().invoke(cli, ["migrate", str(path)])
    assert again.exit_code in (0, 1)
    assert path.read_bytes() == after
    if any(before.values()):
        for form in ("where_clause", "pull_and_delete", "server.get_channels", "[[acts]]"):
            assert form.encode() not in after


def in_yaml(document: dict[str, Any], style: str) -> str:
    flow = None if style == "flow" else False
    return yaml.safe_dump(document, sort_keys=False, default_flow_style=flow)


def programs(path: Path, names: list[str]) -> dict[str, Any]:
    """Compile the narratives of a file; of those without errors, return all but their places."""
    compiled = {name: compile_file(path, name).program for name in names}
    return {
        name: placeless(json.loads(encode(program))) if program else None
        for name, program in compiled.items()
    }


def placeless(data: Any) -> Any:
    if isinstance(data, list):
        return [placeless(item) for item in data]
    if not isinstance(data, dict):
        return data
    plain = {key: placeless(item) for key, item in data.items() if key != "place"}
    if plain.get("input") == "command":
        plain["command"] = canonical("discord", plain["command"])
    return plain
