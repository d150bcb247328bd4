"""`botticelli migrate`: each older form, what is kept, and what is refused."""

import stat
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from botticelli.cli.main import cli
from botticelli.compiler.batch.run import check_paths


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def migrate(*arguments: str) -> Result:
    result = CliRunner().invoke(cli, ["migrate", *arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def migrated(text: str, name: str = "n.toml") -> str:
    """Migrate a file that can be; return what became of it, which is in present forms."""
    path = Path(name)
    path.write_bytes(text.encode())
    Path("elsewhere.toml").write_text('[narrative]\nname = "far"\ntoc = ["a"]\nacts.a = "Hi"\n')
    result = migrate(name)
    assert result.exit_code == 0, result.output
    after = path.read_bytes().decode()
    assert migrate(name).output == "0 files migrated, 1 already in present forms\n"
    assert path.read_bytes().decode() == after
    return after


HEAD = '[narrative]\nname = "n"\ntoc = ["a"]\n'


# The forms, one by one


@pytest.mark.parametrize(
    ("older", "present"),
    [
        pytest.param(
            '[narratives.n] # one\ntoc = ["a"]\n\n[narratives."n".limits]\nmax_requests = 3\n'
            "[acts]\na = 'Hi'\n",
            '[narrative.n] # one\ntoc = ["a"]\n\n[narrative."n".limits]\nmax_requests = 3\n'
            "[acts]\na = 'Hi'\n",
            id="narratives",
        ),
        pytest.param(
            '[narratives.far]\nnarrative = "elsewhere"\n[narratives.n]\ntoc = ["a"]\n'
            "[acts]\na = 'Hi'\n",
            '[narratives.far]\nnarrative = "elsewhere"\n[narrative.n]\ntoc = ["a"]\n'
            "[acts]\na = 'Hi'\n",
            id="links-stay",
        ),
        pytest.param(
            '[[acts]] # first\nname = "a"\nprompt = "Hi"\n[acts.retry]\nattempts = 2\n'
            '[[ acts ]]\nname = "b"\nprompt = "Ho"\n',
            '[[act]] # first\nact_name = "a"\nprompt = "Hi"\n[act.retry]\nattempts = 2\n'
            '[[ act ]]\nact_name = "b"\nprompt = "Ho"\n',
            id="acts",
        ),
        pytest.param(
            HEAD + '[acts.a]\nnarrative_ref = "m"\n[narratives.m]\ntoc = ["b"]\n[acts.b]\n'
            'prompt = "Hi"\n',
            '[narrative.n]\ntoc = ["a"]\n[acts.a]\nnarrative = "m"\n[narrative.m]\ntoc = ["b"]\n'
            '[acts.b]\nprompt = "Hi"\n',
            id="beside-a-single-narrative",
        ),
        pytest.param(
            HEAD + "[acts]\na = [{ text = \"Hi\" }, { type = \"text\", content = '''\nHo''' }]\n",
            HEAD + "[acts]\na = [\"Hi\", '''\nHo''']\n",
            id="texts",
        ),
        pytest.param(
            HEAD + '[tables.t]\ntable_name = "t"\nwhere_clause = "x > 1" # c\n'
            'pull_and_delete = true\n[acts]\na = ["tables.t", "Hi"]\n',
            HEAD + '[tables.t]\ntable_name = "t"\nwhere = "x > 1" # c\n'
            'consume = true\n[acts]\na = ["tables.t", "Hi"]\n',
            id="queries",
        ),
        pytest.param(
            '[narrative]\nname = "n"\n\n# In this order:\n[toc]\norder = ["a"]\n'
            "carousel = 3 # often\n\n[acts]\na = 'Hi'\n",
            '[narrative]\nname = "n"\n\n[carousel]\niterations = 3  # often\n\n'
            "# In this order:\n[toc]\norder = [\"a\"]\n\n[acts]\na = 'Hi'\n",
            id="carousel",
        ),
        pytest.param(
            '[narrative]\nname = "n"\ntoc = { carousel = 2, order = ["a"] }\n[acts]\na = "Hi"\n',
            '[narrative]\nname = "n"\ncarousel = { iterations = 2 }\ntoc = { order = ["a"] }\n'
            '[acts]\na = "Hi"\n',
            id="carousel-in-braces",
        ),
        pytest.param(
            '[toc]\ncarousel = 2\n[[act]]\nact_name = "a"\nprompt = "Hi"\n',
            '[carousel]\niterations = 2\n[[act]]\nact_name = "a"\nprompt = "Hi"\n',
            id="carousel-alone",
        ),
        pytest.param(
            HEAD + 'preserve_source = true # yes\n[acts]\na = "Hi"\n',
            HEAD + '# yes\n[acts]\na = "Hi"\n',
            id="preserving",
        ),
        pytest.param(
            HEAD + "preserve_source = false\n[acts]\n"
            'a = ["tables.t where y = 1", "table u where x = 1", { table_name = "v" }, "Hi"]\n'
            '[tables.t]\ntable_name = "t" # c\n[tables.other]\ntable_name = "w"\n',
            HEAD + "[acts]\n"
            'a = ["tables.t where y = 1", "table u where x = 1 consume",'
            ' { table_name = "v", consume = true }, "Hi"]\n'
            '[tables.t]\ntable_name = "t" # c\nconsume = true\n'
            '[tables.other]\ntable_name = "w"\n',
            id="consuming",
        ),
        pytest.param(
            HEAD + "preserve_source = false\n[acts]\na = ['tables.t', 'table u consume', 'Hi']\n"
            '[tables.t]\ntable_name = "t"\npull_and_delete = false\n',
            HEAD + "[acts]\na = ['tables.t', 'table u consume', 'Hi']\n"
            '[tables.t]\ntable_name = "t"\nconsume = false\n',
            id="what-is-said-stays",
        ),
        pytest.param(
            '[narrative.m]\ntoc = ["b"]\n[narrative.n]\npreserve_source = false\ntoc = ["a"]\n'
            '[acts]\na = "tables.t"\nb = "tables.t"\n[tables.t]\ntable_name = "t"\n',
            '[narrative.m]\ntoc = ["b"]\n[narrative.n]\ntoc = ["a"]\n'
            '[acts]\na = "tables.t consume"\nb = "tables.t"\n[tables.t]\ntable_name = "t"\n',
            id="a-shared-table",
        ),
        pytest.param(
            HEAD + '[acts]\na = ["Costs $5 and ${x}", "bots.b"]\n[bots.b]\nplatform = "discord"\n'
            'command = "channels.list"\nguild_id = "$GUILD"\n',
            HEAD + '[acts]\na = ["Costs $5 and ${x}", "bots.b"]\n[bots.b]\nplatform = "discord"\n'
            'command = "channels.list"\nguild_id = "{{ env.GUILD }}"\n',
            id="dollars",
        ),
        pytest.param(
            HEAD + "[acts]\na = { input = { file = '${state:my-key}.txt', type = 'document' } }\n",
            HEAD + "[acts]\na = { input = { file = \"{{ state['my-key'] }}.txt\","
            " type = 'document' } }\n",
            id="dollars-that-need-other-quotes",
        ),
        pytest.param(
            HEAD + '[acts]\na = ["bots.b"]\n[bots.b]\nplatform = "discord"\n'
            'command = "discord.guilds.get_stats"\n'
            '[security.policy]\nallowed_commands = ["channels.create_message"]\n'
            'denied_commands = ["discord.guilds.edit"]\n',
            HEAD + '[acts]\na = ["bots.b"]\n[bots.b]\nplatform = "discord"\n'
            'command = "discord.server.get_stats"\n'
            '[security.policy]\nallowed_commands = ["messages.send"]\n'
            'denied_commands = ["discord.server.edit"]\n',
            id="commands",
        ),
    ],
)
def test_forms_in_toml(older, present):
    assert migrated(older) == present


YAML = """\
# The whole of it
narratives:
  n:  # one
    toc:
      order: [a, b]
      carousel: 2  # twice
    preserve_source: false
acts:
  a:
    - text: Hi,
        you
    - { text: "Ho" }
    # and
    - text: |
        Hum
    - tables.t
  b:
    input: {table_name: u, where_clause: x = 1}
tables:
  t:
    where_clause: x = 1
    table_name: t
bots:
  s:
    platform: discord
    command: channels.create_message
    args: {channel_id: $CHANNEL, content: 'It is ${a}'}
"""


def test_forms_in_yaml(snapshot):
    Path("n.yaml").write_text(YAML)
    assert migrated(YAML, "n.yaml") == snapshot


def test_an_alias_follows_its_anchor():
    older = "narrative: {name: n, toc: [a]}\nacts:\n  a: [&t {text: Hi}, *t, Ho]\n"
    assert migrated(older, "n.yaml") == older.replace("{text: Hi}", "Hi")


def test_scenes_in_yaml():
    older = "acts:\n- name: a\n  prompt: Hi\n"
    assert migrated(older, "n.yaml") == "act:\n- act_name: a\n  prompt: Hi\n"


# What is kept


def test_present_forms_are_not_touched():
    path = Path(__file__).parents[2] / "narratives"
    for source in [*path.glob("*.toml"), *path.glob("*.yaml")]:
        Path(source.name).write_bytes(source.read_bytes())
    before = {each.name: (each.read_bytes(), each.stat().st_mtime_ns) for each in Path().iterdir()}
    assert migrate(".").exit_code == 0
    assert migrate("--check", ".").exit_code == 0
    after = {each.name: (each.read_bytes(), each.stat().st_mtime_ns) for each in Path().iterdir()}
    assert after == before


def test_line_ends_mark_and_permissions_stay():
    path = Path("n.toml")
    older = HEAD + 'preserve_source = false # c\n[acts]\na = ["tables.t"]\n'
    older += '[tables.t]\ntable_name = "t"\nwhere_clause = "x = 1"'
    path.write_bytes(b"\xef\xbb\xbf" + older.replace("\n", "\r\n").encode())
    path.chmod(0o640)
    assert migrate("n.toml").exit_code == 0
    present = HEAD + '# c\n[acts]\na = ["tables.t"]\n'
    present += '[tables.t]\ntable_name = "t"\nconsume = true\nwhere = "x = 1"'
    assert path.read_bytes() == b"\xef\xbb\xbf" + present.replace("\n", "\r\n").encode()
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_a_link_stays_a_link():
    Path("real").mkdir()
    Path("real/n.toml").write_text(HEAD + '[acts]\na = [{ text = "Hi" }]\n')
    Path("n.toml").symlink_to("real/n.toml")
    assert migrate("n.toml").exit_code == 0
    assert Path("n.toml").is_symlink()
    assert Path("real/n.toml").read_text() == HEAD + '[acts]\na = ["Hi"]\n'


def test_a_text_that_would_be_taken_for_a_reference_keeps_its_braces():
    older = (
        HEAD + '[acts]\na = [{ text = "tables.t" }, { text = "x", history_retention = "drop" }]\n'
    )
    Path("n.toml").write_text(older)
    assert migrate("n.toml").output == "0 files migrated, 1 already in present forms\n"


# What is refused


def test_what_would_change_the_meaning_stays_and_is_an_error():
    older = (
        '[narrative.m]\ntoc = ["a"]\n[narrative.n]\npreserve_source = false\ntoc = ["a"]\n'
        '[acts]\na = ["tables.t", { text = "Hi" }]\n[tables.t]\ntable_name = "t"\n'
    )
    Path("n.toml").write_text(older)
    result = migrate("n.toml")
    assert result.exit_code == 1
    assert "`preserve_source` stays" in result.stderr
    assert Path("n.toml").read_text() == older.replace('{ text = "Hi" }', '"Hi"')


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("narratives = {", "BOT101 at n.toml:1:"),
        (HEAD + '[acts]\na = [{ text = "Hi" }, "bots.none"]\n', "BOT202 at n.toml:5:"),
        (HEAD + '[acts.a]\nprompt = "Hi"\ninputs = [{ text = "x" }]\n', "BOT106 at n.toml:6:"),
        ("x = 1\n", "BOT109 at n.toml:1:1"),
    ],
)
def test_errors_that_leave_the_meaning_open_come_first(text, code):
    Path("n.toml").write_text(text)
    result = migrate("n.toml")
    assert result.exit_code == 1
    assert code in result.stderr
    assert "botticelli check n.toml" in result.stderr
    assert Path("n.toml").read_text() == text


def test_other_errors_are_no_hindrance_and_config_is_pointed_at():
    older = HEAD + '[acts]\na = [{ text = "{{ nobody }}" }]\n[config.x]\ny = 1\n'
    Path("n.toml").write_text(older)
    result = migrate("n.toml")
    assert result.exit_code == 0
    assert "note: n.toml:6:2: `[config]` has no effect and stays (BOT103)" in result.stderr
    assert Path("n.toml").read_text() == older.replace(
        '{ text = "{{ nobody }}" }', '"{{ nobody }}"'
    )


# The command


def test_check_and_diff_write_nothing():
    older = HEAD + '[acts]\na = [{ text = "Hi" }]\n'
    Path("n.toml").write_text(older)
    result = migrate("--check", "n.toml")
    assert result.exit_code == 1
    assert result.stdout.startswith("would migrate n.toml: `{ text = … }` as an input\n")
    result = migrate("--diff", "n.toml")
    assert result.exit_code == 1
    assert '-a = [{ text = "Hi" }]\n+a = ["Hi"]\n' in result.stdout
    assert "would" not in result.stdout
    assert Path("n.toml").read_text() == older


def test_folders_stand_for_their_narratives():
    Path("deep").mkdir()
    Path("deep/n.toml").write_text(HEAD + '[acts]\na = [{ text = "Hi" }]\n')
    Path("deep/other.toml").write_text("[tool]\nwhere_clause = 1\n")
    Path("botticelli.toml").write_text("")
    result = migrate(".")
    assert result.output == (
        "migrated deep/n.toml: `{ text = … }` as an input\n"
        "1 file migrated, 0 already in present forms\n"
    )


def test_what_is_migrated_has_no_new_findings():
    Path("n.yaml").write_text(YAML)
    before = sorted(each.rule.code for each in check_paths([Path("n.yaml")]).diagnostics)
    migrated(YAML, "n.yaml")
    after = sorted(each.rule.code for each in check_paths([Path("n.yaml")]).diagnostics)
    assert after == before
