"""Which findings `# botticelli: ignore` silences, and which of these comments are unused."""

from pathlib import Path

import pytest

from botticelli.compiler.batch.run import check_paths
from botticelli.compiler.findings.selection import Selection

HEAD = '[narrative]\nname = "x"\ntoc = ["a"]\n'


@pytest.fixture
def found(tmp_path: Path):
    def check(text: str, suffix: str = "toml", **selection: object) -> list[str]:
        path = tmp_path / f"x.{suffix}"
        path.write_text(text, encoding="utf-8", newline="")
        result = check_paths([path], selection=Selection(**selection))  # type: ignore[arg-type]
        return [
            f"{each.location.source.position(each.location.span.start).line} {each.rule.code}"
            for each in result.diagnostics
        ]

    return check


def test_nothing_is_silenced_without_a_comment(found) -> None:
    assert found(HEAD + 'acts.a = "hi"\nacts.b = "hi"\n') == ["5 BOT205"]


@pytest.mark.parametrize(
    "comment",
    [
        "# botticelli: ignore[BOT205]",
        "#botticelli:ignore[BOT205]",
        "# botticelli: ignore[unused-act]",
        "# botticelli: ignore[BOT205] it is for later",
        "# botticelli: ignore [ BOT205 ]",
        "# botticelli: ignore",
        "# botticelli: ignore for now",
    ],
)
def test_a_comment_silences_its_line_and_the_next(found, comment: str) -> None:
    assert found(HEAD + f'acts.a = "hi"\nacts.b = "hi" {comment}\n') == []
    assert found(HEAD + f'acts.a = "hi"\n{comment}\nacts.b = "hi"\n') == []
    assert found(HEAD + f'acts.a = "hi"\n{comment}\n\nacts.b = "hi"\n') == ["5 BOT801", "7 BOT205"]


def test_a_comment_silences_only_what_it_names(found) -> None:
    assert found(HEAD + 'acts.a = "hi"\nacts.b = "hi" # botticelli: ignore[BOT103]\n') == [
        "5 BOT205",
        "5 BOT801",
    ]


def test_one_comment_may_name_several(found) -> None:
    text = HEAD + '[acts.a]\nprompt = "hi"\n[acts.b] # botticelli: ignore[BOT205, unknown-key]\n'
    assert found(text + 'zzz = 1\nprompt = "hi"\n') == []


def test_an_unused_code_among_used_ones_is_found_alone(found) -> None:
    assert found(HEAD + 'acts.a = "hi"\nacts.b = "" # botticelli: ignore[BOT205,BOT301]\n') == [
        "5 BOT108",
        "5 BOT801",
    ]


def test_a_file_comment_silences_everywhere(found) -> None:
    text = HEAD + 'acts.a = "hi"\nacts.b = "hi"\nacts.c = "hi"\n# botticelli: ignore-file[BOT205]\n'
    assert found(text) == []
    assert found("# botticelli: ignore-file\n" + HEAD + "x = 1\n") == []


@pytest.mark.parametrize(
    "string",
    [
        '"# botticelli: ignore[BOT205]"',
        "'# botticelli: ignore[BOT205]'",
        '"""\n# botticelli: ignore[BOT205]"""',
        "'''\n# botticelli: ignore[BOT205]\n'''",
    ],
)
def test_inside_a_toml_string_there_is_no_comment(found, string: str) -> None:
    assert [each[2:] for each in found(HEAD + f'acts.a = "hi"\nacts.b = {string}\n')] == ["BOT205"]


def test_inside_a_key_there_is_no_comment(found) -> None:
    text = HEAD + 'acts.a = "hi"\n[acts."# botticelli: ignore[BOT205]"]\nprompt = "hi"\n'
    assert found(text) == ["5 BOT205"]


@pytest.mark.parametrize(
    "value",
    [
        '"# botticelli: ignore[BOT205]"',
        "'# botticelli: ignore[BOT205]'",
        "|\n    # botticelli: ignore[BOT205]\n    hi",
        ">-\n    # botticelli: ignore[BOT205]",
        "hi#botticelli:ignore[BOT205]",
    ],
)
def test_inside_a_yaml_string_there_is_no_comment(found, value: str) -> None:
    text = f"narrative: {{name: x, toc: [a]}}\nacts:\n  a: hi\n  b: {value}\n"
    assert found(text, "yaml") == ["4 BOT205"]


def test_after_a_block_of_yaml_there_is_a_comment(found) -> None:
    text = "narrative: {name: x, toc: [a]}\nacts:\n  a: |\n    hi\n  # botticelli: ignore[BOT205]\n"
    assert found(text + "  b: hi\n", "yaml") == []


def test_a_hash_in_a_string_before_does_not_hide_a_comment(found) -> None:
    assert found(HEAD + 'acts.a = "hi"\nacts.b = "n # 1" # botticelli: ignore[BOT205]\n') == []


def test_a_comment_about_comments_is_none(found) -> None:
    text = HEAD + 'acts.a = "hi"\n# write `# botticelli: ignore[BOT205]` for it\nacts.b = "hi"\n'
    assert found(text) == ["6 BOT205"]


def test_for_a_value_of_several_lines_it_stands_at_its_key_or_above(found) -> None:
    prompt = '"""\nHi.\n{{ nobody }}\n"""\n'
    assert found(HEAD + f"acts.a = {prompt}") == ["6 BOT302"]
    assert found(HEAD + f"# botticelli: ignore[BOT302]\nacts.a = {prompt}") == []
    inputs = '[\n  "{{ nobody }}",\n  1,\n]'
    assert found(HEAD + f"acts.a = {inputs}\n") == ["5 BOT302", "6 BOT104"]
    assert found(HEAD + f"# botticelli: ignore[BOT302, BOT104]\nacts.a = {inputs}\n") == []
    assert found(HEAD + 'acts.a = [ # botticelli: ignore[BOT302]\n\n"{{ nobody }}" ]\n') == []


def test_for_a_block_of_yaml_it_stands_at_its_key_or_above(found) -> None:
    head = "narrative: {name: x, toc: [a]}\nacts:\n"
    block = "  a:\n    - >\n      Hi\n      {{ nobody }}\n"
    assert found(head + block, "yaml") == ["6 BOT302"]
    assert found(f"{head}  # botticelli: ignore[BOT302]\n{block}", "yaml") == []
    at_key = block.replace("a:", "a: # botticelli: ignore[BOT302]")
    assert found(head + at_key, "yaml") == []


def test_at_a_header_it_does_not_silence_the_whole_table(found) -> None:
    text = HEAD + '# botticelli: ignore[BOT103]\n[acts.a]\nprompt = "hi"\nzzz = 1\n'
    assert found(text) == ["4 BOT801", "7 BOT103"]


def test_a_fault_of_syntax_can_be_silenced_too(found) -> None:
    text = HEAD + 'acts.a = "hi"\nversion = # botticelli: ignore[BOT101]\n'
    assert found(text) == []


def test_crlf_and_byte_order_mark(found) -> None:
    text = "\ufeff" + HEAD + 'acts.a = "hi"\n# botticelli: ignore[BOT205]\nacts.b = "hi"\n'
    assert found(text.replace("\n", "\r\n")) == []


@pytest.mark.parametrize(
    "comment",
    [
        "# botticelli: ignore[BOT205",
        "# botticelli: ignore[]",
        "# botticelli: ignored",
        "# botticelli: ignore-line",
    ],
)
def test_a_comment_that_is_written_wrongly_silences_nothing(found, comment: str) -> None:
    codes = found(HEAD + f'acts.a = "hi"\nacts.b = "hi" {comment}\n')
    assert codes[0] == "5 BOT205"
    assert codes[1:] == (["5 BOT801"] if "[" in comment else [])


def test_an_ignore_is_not_unused_while_its_rule_is_not_reported(found) -> None:
    text = HEAD + 'acts.a = "hi" # botticelli: ignore[BOT103]\n'
    assert found(text) == ["4 BOT801"]
    assert found(text, ignore=("BOT103",)) == []
    assert found(text, select=("BOT2", "BOT801")) == []
    assert found(text, ignore=("BOT801",)) == []
    # What is no rule's name is never of use.
    assert found(text.replace("BOT103", "BOT999"), select=("BOT8",)) == ["4 BOT801"]


def test_unused_ignores_can_be_ignored(found) -> None:
    text = HEAD + '# botticelli: ignore[BOT801]\nacts.a = "hi" # botticelli: ignore[BOT103]\n'
    assert found(text) == []
    assert found("# botticelli: ignore-file[BOT801]\n" + HEAD + 'acts.a = "hi"\n') == ["1 BOT801"]


def test_comments_count_in_the_configuration_too(tmp_path: Path) -> None:
    path = tmp_path / "botticelli.toml"
    path.write_text("zzz = 1 # botticelli: ignore[unknown-key]\n")
    assert check_paths([path]).diagnostics == []
    path.write_text("[check] # botticelli: ignore[unknown-key]\n")
    assert [each.rule.code for each in check_paths([path]).diagnostics] == ["BOT801"]


def test_many_comments_and_findings_take_linear_time(found) -> None:
    lines = [f'acts.b{n} = """\nhi""" # botticelli: ignore[BOT205]' for n in range(2000)]
    unused = [f"# botticelli: ignore[BOT{n}]" for n in range(2000)]
    assert len(found("\n".join([HEAD + 'acts.a = "hi"', *lines, *unused]))) == 2000
