"""`max_bytes`: where it may stand, and what it bounds."""

from pathlib import Path

from botticelli.compiler.compile import compile_file
from botticelli.compiler.ir.program import Act

SOURCE = """
[narrative]
name = "n"
toc = ["a", "b", "c"]
[acts.a]
max_bytes = 40
input = ["Hi", "bots.b", { ref = "bots.b", max_bytes = 5 }, { text = "x", max_bytes = 7 },
  "narrative:m"]
[acts.b]
narrative = "m"
max_bytes = 30
[acts.c]
input = ["Hi", { ref = "tables.t", max_bytes = 9 }, "table u"]
[bots.b]
platform = "http"
command = "get"
url = "https://example.org"
[tables.t]
table_name = "t"
max_bytes = 90
"""
OTHER = '[narrative]\nname = "m"\ntoc = ["o"]\n[acts]\no = "Hi"\n'


def acts(folder: Path, source: str) -> dict[str, Act]:
    (folder / "m.toml").write_text(OTHER)
    (folder / "n.toml").write_text(source)
    result = compile_file(folder / "n.toml")
    assert result.program is not None, [each.message for each in result.diagnostics]
    return result.program.narratives["n"].acts


def test_an_input_wins_over_its_act(tmp_path: Path) -> None:
    found = acts(tmp_path, SOURCE)
    assert [each.max_bytes for each in found["a"].inputs] == [40, 40, 5, 7, 40]
    assert found["b"].max_bytes == 30
    assert [each.max_bytes for each in found["c"].inputs] == [None, 9, None]


def test_what_has_no_bound_is_bounded_by_it(tmp_path: Path) -> None:
    from botticelli.compiler.budget.analysis import budget_of
    from botticelli.compiler.budget.models import Models
    from botticelli.compiler.ir.program import Program
    from botticelli.compiler.semantics.configuration import Configuration

    def ceiling(source: str) -> int | None:
        acts(tmp_path, source)
        program = compile_file(tmp_path / "n.toml").program
        assert isinstance(program, Program)
        return budget_of(program, Models(Configuration(project="."))).spent.use.input.ceiling

    bounded = (
        '[narrative]\nname = "n"\ntoc = ["a"]\nmax_tokens = 9\n[acts.a]\n'
        'prompt = "{{ state.x }}"\nmax_bytes = 100\n'
    )
    assert ceiling(bounded.replace("max_bytes = 100\n", "")) is None
    found = ceiling(bounded)
    assert found is not None
    assert found < 1_000
