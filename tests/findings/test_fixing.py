"""Fixes keep every other byte, end where nothing more is to be fixed, and damage no file."""

import random
from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from botticelli.compiler.batch.run import check_paths
from botticelli.compiler.diagnostics import Diagnostic, Edit, Fix, Location
from botticelli.compiler.findings.fixing import Fixed, Texts, fix
from botticelli.compiler.source import Source, Span
from botticelli.compiler.syntax.reader import read_text
from botticelli.compiler.workspace.files import Files
from botticelli.grammar import catalogue


def fixed(*paths: Path, unsafe: bool = False) -> Fixed:
    def diagnose(texts: Texts) -> list[Diagnostic]:
        files = Files({path: text.encode() for path, text in texts.items()})
        return check_paths(paths, files=files).diagnostics

    return fix(diagnose, paths, unsafe=unsafe)


def replaced(path: Path, text: str, *edits: tuple[str, str], safe: bool = True) -> Diagnostic:
    """A finding whose fix replaces parts of a text, each as it first occurs."""
    source = Source(str(path), text)
    spans = [(source.text.index(old), old, new) for old, new in edits]
    places = [Edit(Location(source, Span(at, at + len(old))), new) for at, old, new in spans]
    return Diagnostic(
        rule=catalogue.UNKNOWN_KEY,
        message="x",
        location=places[0].location,
        fix=Fix(safe=safe, edits=tuple(places)),
    )


def proposing(path: Path, text: str, *fixes: Iterable[tuple[str, str]], safe: bool = True):
    """A checker that proposes fixes for as long as what they replace is there."""

    def diagnose(texts: Texts) -> list[Diagnostic]:
        now = texts.get(path, text)
        return [
            replaced(path, now, *edits, safe=safe)
            for edits in fixes
            if all(old in now for old, _ in edits)
        ]

    return diagnose


SOURCE = '[narrative]\nname = "x"\ntoc = ["a"]\n[acts.a]\npromt = "hi"\ntemperatur = 1  # warm\n'
MENDED = SOURCE.replace("promt", "prompt").replace("temperatur", "temperature")


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("last", ["", "\n", "  \n\n\t\n"])
def test_every_other_byte_is_kept(tmp_path: Path, line_end: str, mark: str, last: str) -> None:
    path = tmp_path / "x.toml"

    def on_disk(text: str) -> str:
        return mark + (text.rstrip("\n") + last).replace("\n", line_end)

    path.write_bytes(on_disk(SOURCE).encode())
    [changed] = fixed(path).files
    assert changed.before == on_disk(SOURCE)
    assert changed.after == on_disk(MENDED)


def test_mixed_line_ends_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "x.toml"
    path.write_bytes(SOURCE.replace('"\n', '"\r\n').encode())
    [changed] = fixed(path).files
    assert changed.after == MENDED.replace('"\n', '"\r\n')


@pytest.mark.parametrize(
    ("text", "after"),
    [("a\r\nb\r\nc", "a\r\nx\r\ny\r\nc"), ("a\nb\r\nc\n", "a\nx\r\ny\r\nc\n"), ("a\nb", "a\nx\ny")],
)
def test_new_lines_end_as_the_line_that_they_replace(text: str, after: str, tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    [changed] = fix(proposing(path, text, [("b", "x\ny")]), [path], unsafe=False).files
    assert changed.after == after


def test_fixes_that_meet_are_applied_one_after_the_other(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    diagnose = proposing(path, "abcd", [("ab", "1")], [("bc", "2")], [("cd", "3")])
    result = fix(diagnose, [path], unsafe=False)
    assert [each.after for each in result.files] == ["13"]
    assert result.fixes == 2


def test_a_fix_of_several_places_is_applied_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    diagnose = proposing(path, "a: 1\nb: 2\n", [("1", "3"), ("2", "3")], [("b: 2", "c: 2")])
    assert [each.after for each in fix(diagnose, [path], unsafe=False).files] == ["a: 3\nb: 3\n"]


def test_what_would_damage_a_file_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "x.toml"
    text = "a = 1\nb = 2\nc = 3\n"
    diagnose = proposing(path, text, [("1", "]")], [("2", "4")], [("c", "a")], [("3", "5")])
    result = fix(diagnose, [path], unsafe=False)
    assert [each.after for each in result.files] == ["a = 1\nb = 4\nc = 5\n"]
    assert result.fixes == 2


def test_a_damaged_file_may_be_mended(tmp_path: Path) -> None:
    path = tmp_path / "x.toml"
    diagnose = proposing(path, "a = ]\n= 1\n", [("]", "1")])
    assert [each.after for each in fix(diagnose, [path], unsafe=False).files] == ["a = 1\n= 1\n"]


def test_fixes_that_undo_each_other_come_to_an_end(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    diagnose = proposing(path, "a", [("a", "b")], [("b", "a")])
    fix(diagnose, [path], unsafe=False)


def test_only_safe_fixes_unless_all_are_wanted(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    diagnose = proposing(path, "a", [("a", "b")], safe=False)
    assert fix(diagnose, [path], unsafe=False).files == ()
    assert [each.after for each in fix(diagnose, [path], unsafe=True).files] == ["b"]


def test_files_that_were_not_named_stay_as_they_are(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    diagnose = proposing(path, "a", [("a", "b")])
    assert fix(diagnose, [tmp_path / "y.yaml"], unsafe=False).files == ()


def test_several_files_of_a_project(tmp_path: Path) -> None:
    paths = [tmp_path / "x.toml", tmp_path / "y.toml"]
    for path in paths:
        path.write_text(SOURCE)
    result = fixed(*paths)
    assert [each.after for each in result.files] == [MENDED, MENDED]
    assert result.fixes == 4


def test_unused_ignores_are_taken_away(tmp_path: Path) -> None:
    path = tmp_path / "x.toml"
    path.write_text(
        "# botticelli: ignore-file[BOT101, BOT102] none\n"
        "[narrative] # botticelli: ignore\n"
        'name = "x"\n'
        "  # botticelli: ignore[BOT103,BOT104 , BOT106]\n"
        'toc = ["a"]\n'
        'acts.a = "hi"\t# botticelli: ignore[BOT103, unused-act] why\n'
        "# botticelli: ignore[BOT103, BOT205, BOT206]\n"
        'acts.b = "hi" # a comment of its own # botticelli: ignore[BOT103]\n'
        "# botticelli: ignore[BOT205"
    )
    [changed] = fixed(path).files
    assert changed.after == (
        '[narrative]\nname = "x"\ntoc = ["a"]\nacts.a = "hi"\n# botticelli: ignore[BOT205]\n'
        'acts.b = "hi" # a comment of its own # botticelli: ignore[BOT103]\n'
    )


def test_thousands_of_fixes_take_linear_time(tmp_path: Path) -> None:
    path = tmp_path / "x.toml"
    acts = "".join(f'[acts.a{n}]\nprompt = "hi"\ntemperatur = 1\n' for n in range(1000))
    path.write_text(f'[narrative]\nname = "x"\ntoc = ["a0"]\n{acts}')
    assert fixed(path).fixes == 1000


# Any document

_LINES = st.lists(
    st.sampled_from(
        [
            "[narrative]",
            'name = "x"',
            'nmae = "x"',
            'toc = ["a", "b"]',
            "[toc]",
            'order = ["a"]',
            "[acts]",
            "[acts.a]",
            'a = "hi"',
            'promt = "{{ nobody }}"',
            'prompt = "${x.y}"',
            'max_tokens = "300"',
            "temperatur = 0.5",
            "temperature = ",
            'inputs = ["tables.x whre a = 1", "media.y"',
            'where = "a = null and b == 1"',
            "# botticelli: ignore[BOT103, BOT999]",
            "# botticelli: ignore-file[BOT101",
            "narrative:",
            "  nmae: x",
            "  toc: [a",
            "  a: {promt: hi, x: }",
            "- b",
            '"""',
            "\t",
        ]
    ),
    max_size=12,
)


@settings(max_examples=120, deadline=None)
@given(_LINES, st.sampled_from(["toml", "yaml"]), st.sampled_from(["\n", "\r\n"]), st.booleans())
def test_no_document_is_damaged_and_all_come_to_rest(
    empty: Path, lines: list[str], suffix: str, line_end: str, unsafe: bool
) -> None:
    path = empty / f"x.{suffix}"
    text = line_end.join(lines)
    path.write_bytes(text.encode())

    result = fixed(path, unsafe=unsafe)

    for changed in result.files:
        before, after = (
            read_text(Source(path.name, each)) for each in (changed.before, changed.after)
        )
        assert after.intact or not before.intact
        assert len(after.faults) <= len(before.faults) or after.intact
        path.write_bytes(changed.after.encode())
    assert fixed(path, unsafe=unsafe).files == ()


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 10**9))
def test_random_edits_never_damage(empty: Path, seed: int) -> None:
    chance = random.Random(seed)
    path = empty / "x.toml"
    rounds = [0]

    def diagnose(texts: Texts) -> list[Diagnostic]:
        text = texts.get(path, SOURCE)
        rounds[0] += 1
        if rounds[0] > 5:
            return []
        return [replaced(path, text, _any_edit(text, chance)) for _ in range(4)]

    for changed in fix(diagnose, [path], unsafe=False).files:
        assert read_text(Source("x.toml", changed.after)).intact


def _any_edit(text: str, chance: random.Random) -> tuple[str, str]:
    start = chance.randrange(len(text))
    old = text[start : start + chance.randrange(1, 6)]
    return old, chance.choice(["", "x", '"', "[", "]", "\n", "= 1\n", "a.b", "[acts.a]"])


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("empty")
