"""Flowcharts are of the few forms that they are made of, whatever a narrative is called.

`real_mermaid.py` beside this file has them read by Mermaid's own parser.
"""

import re
from pathlib import Path

from click.testing import CliRunner

from botticelli.cli.main import cli

ROOT = Path(__file__).parents[2]
NEWSROOM = ROOT / "tests/explain/narratives/newsroom.toml"

NODE = r"[a-z]+\d+"
LABEL = r'"(?:[^\W_]|[ .,!?()\[\]/+*=_\'|@-]|#\d+;|<br>)*"'
ARROW = rf"(?:-->(?:\|{LABEL}\|)?|==>|-\.->|-\. (?:runs|again|no, again) \.->)"
FORMS = (
    rf"{NODE}\[{LABEL}\]",
    rf"{NODE}\(\[{LABEL}\]\):::start",
    rf"{NODE}\[/{LABEL}/\]",
    rf"{NODE}\[\[{LABEL}\]\]",
    rf"{NODE}\[\({LABEL}\)\]",
    rf"{NODE}\{{{LABEL}\}}",
    rf"{NODE}\{{\{{{LABEL}\}}\}}",
    rf"{NODE}\(\( \)\)",
    rf"subgraph {NODE} \[{LABEL}\]",
    "end",
    rf"{NODE} {ARROW} {NODE}(?::::writes)?",
    "classDef (?:writes stroke-width:3px|start stroke-dasharray:3)",
)
LINE = re.compile(rf" *(?:{'|'.join(FORMS)})")
NASTY = (
    "end",
    'a"]:::x',
    "`**bold**`",
    "x --> y",
    "%%{init: {}}%%",
    "<script>alert(1)</script>",
    "#quot;#35;",
    "fa:fa-car",
    "$$x$$",
    "{{x}}",
    "a|b|c",
    "---",
)


def chart_of(file: Path) -> str:
    arguments = ["compile", "--explain", str(file), "--format", "mermaid"]
    return CliRunner().invoke(cli, arguments, catch_exceptions=False).stdout


def write_sly(folder: Path) -> Path:
    names = ['"' + name.replace('"', '\\"') + '"' for name in NASTY]
    acts = "".join(f'[acts.{name}]\nprompt = "Hi"\n' for name in names)
    file = folder / "sly.toml"
    file.write_text(
        '[narrative]\nname = "sly \\"] %%{init}%% ---"\nmax_tokens = 5\n'
        f"[toc]\norder = [{', '.join(names)}]\n{acts}",
        "utf-8",
    )
    return file


def lines_of(chart: str) -> list[str]:
    head, title, again, kind, *lines = chart.splitlines()
    assert (head, again, kind) == ("---", "---", "flowchart TD")
    assert title.startswith('title: "')
    assert "%" not in title
    return lines


def test_every_line_is_of_a_form_that_is_known() -> None:
    assert [line for line in lines_of(chart_of(NEWSROOM)) if not LINE.fullmatch(line)] == []


def test_no_name_becomes_part_of_the_code(tmp_path: Path) -> None:
    lines = lines_of(chart_of(write_sly(tmp_path)))

    assert [line for line in lines if not LINE.fullmatch(line)] == []


def test_boxes_hold_no_lines_between_nodes() -> None:
    """A node belongs to the box in which it is named first."""
    lines = lines_of(chart_of(NEWSROOM))
    ends = [number for number, line in enumerate(lines) if line.strip() == "end"]

    assert not any("-->" in line for line in lines[: ends[-1]])
