"""BOT606: untrusted text on its way into a command that writes."""

from pathlib import Path

import pytest
from rules.checking import ALLOWED, SEND, check, described, marked, narrative
from syrupy.assertion import SnapshotAssertion

from botticelli.compiler.report import render

READ = """
[bots.read]
platform = "discord"
command = "messages.list"
channel_id = "1"
"""
CONFIRMED = ALLOWED + 'require_confirmation = ["discord.messages.send"]\n'


def written(
    folder: Path, order: str, acts: str, content: str, *sections: str, policy: str = ALLOWED
) -> list[str]:
    """Return what is marked in the content of a message that the last act sends."""
    post = SEND.replace("{content}", content)
    acts += '\npost = "bots.post"'
    text = narrative(f"{order}, 'post'" if order else "'post'", acts, post, policy, *sections)
    found = check(folder, {"main.toml": text}, "BOT606")
    return [marked(each.location).partition(": ")[2] for each in found]


# Sources


@pytest.mark.parametrize(
    ("first", "sections"),
    [
        ('a = "table posts"', ()),
        ('a = { input = { table_name = "posts" } }', ()),
        ('a = "bots.read"', (READ,)),
        (
            'a = "bots.get"',
            ('[bots.get]\nplatform = "http"\ncommand = "get"\nurl = "https://x.org"\n',),
        ),
        ('a = ["Look.", "media.m"]', ('[media.m]\nurl = "https://x.org/a.png"\n',)),
        ('a = "Say: {{ trigger.body }}"', ('[triggers.t]\nwebhook = "/t"\n',)),
    ],
    ids=["table", "query", "discord", "http", "media", "trigger"],
)
def test_sources(first: str, sections: tuple[str, ...], tmp_path: Path) -> None:
    """Each directly, and through a model that has it in its conversation."""
    assert written(tmp_path, "'a'", first, "Hi {{ a }}", *sections) == ["a"]
    acts = first + '\nb = "Go on."'
    assert written(tmp_path, "'a', 'b'", acts, "Hi {{ b }}", *sections) == ["b"]


@pytest.mark.parametrize(
    ("first", "sections"),
    [
        ('a = "Write a greeting for {{ vars.who }} in {{ env.PLACE }}."', ()),
        ('a = ["Look.", "media.m"]', ('[media.m]\nfile = "a.png"\nmime = "image/png"\n',)),
        ('a = "Say the time."', ('[triggers.t]\nschedule = "0 9 * * *"\n',)),
        (
            'a = "bots.count"',
            ('[bots.count]\nplatform = "database"\ncommand = "count"\ntable = "posts"\n',),
        ),
    ],
    ids=["own", "file", "schedule", "count"],
)
def test_what_is_the_users_own(first: str, sections: tuple[str, ...], tmp_path: Path) -> None:
    acts = first + '\nb = "Go on."'
    assert written(tmp_path, "'a', 'b'", acts, "Hi {{ a }} {{ b }}", *sections) == []


def test_triggers_reach_a_write_directly(tmp_path: Path) -> None:
    trigger = '[triggers.t]\nwebhook = "/t"\n'
    assert written(tmp_path, "", "", "{{ trigger.user }} says hi", trigger) == ["trigger.user"]


# Ways


@pytest.mark.parametrize(
    ("order", "acts", "content", "expected"),
    [
        # through any number of answers
        ("'t', 'a', 'b', 'c'", 'a = "1"\nb = "2"\nc = "3"', "{{ c }}", ["c"]),
        # by templates alone, where the rows themselves leave nothing in the history
        ("'t0', 'a'", 'a = "See {{ rows }}"', "{{ a }}", ["a"]),
        ("'t0', 'a', 'b'", 'a = "See {{ rows }}"\nb = "2"', "{{ b }}", ["b"]),
        ("'t0', 'a'", 'a = "Nothing of it."', "{{ a }}", []),
        ("'t0', 'a'", 'a = "{{ rows | length }} rows"', "{{ a }}", []),
        ("'t', 'a'", 'a = "Write."', "{{ previous }}", ["previous"]),
        ("'t0'", "", "{{ rows }}", ["rows"]),
        ("'t0'", "", "{% for row in rows %}{{ row.title }}{% endfor %}", ["rows"]),
        # once for an argument
        ("'t', 'a', 'b'", 'a = "1"\nb = "2"', "{{ a }} {{ b }}", ["a"]),
        # before there is anything to see
        ("'a', 't'", 'a = "1"', "{{ a }}", []),
    ],
)
def test_ways(order: str, acts: str, content: str, expected: list[str], tmp_path: Path) -> None:
    sections = [
        '[tables.rows]\ntable_name = "posts"\nalias = "rows"\n',
        '[tables.dropped]\ntable_name = "posts"\nalias = "rows"\nhistory_retention = "drop"\n',
    ]
    acts = f't = "tables.rows"\nt0 = "tables.dropped"\n{acts}'
    assert written(tmp_path, order, acts, content, *sections) == expected


@pytest.mark.parametrize("retention", ["summary", "drop"])
def test_retention_keeps_rows_out_but_not_what_was_answered_to_them(
    retention: str, tmp_path: Path
) -> None:
    table = f'[tables.rows]\ntable_name = "posts"\nhistory_retention = "{retention}"\n'
    alone = 't = "tables.rows"\na = "Write."'
    assert written(tmp_path, "'t', 'a'", alone, "{{ a }}", table) == []
    asked = 't = ["tables.rows", "Sum up."]\na = "Write."'
    assert written(tmp_path, "'t', 'a'", asked, "{{ a }}", table) == ["a"]


TYPED = """
[acts.rate]
inputs = ["table posts", "Rate them."]
output = { score = "int", sound = "bool", kind = 'enum("a", "b")', words = "text" }
"""


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("{{ rate.score }} {{ rate.sound }} {{ rate.kind }}", []),
        ("{{ rate.score }} {{ rate.words }}", ["rate.words"]),
        ("{{ rate }}", ["rate"]),
        ("{{ rate.words | length }}", []),
        ("{% if rate.words == 'x' %}Yes{% endif %}", []),
    ],
)
def test_numbers_and_enums_carry_no_text(content: str, expected: list[str], tmp_path: Path) -> None:
    post = SEND.replace("{content}", content)
    text = (
        f'[narrative]\nname = "main"\ntoc = ["rate", "post"]\n[acts]\npost = "bots.post"\n'
        f"{TYPED}{post}{ALLOWED}"
    )
    found = check(tmp_path, {"main.toml": text}, "BOT606")
    assert [marked(each.location).partition(": ")[2] for each in found] == expected


def test_an_answer_in_numbers_does_not_clean_the_conversation(tmp_path: Path) -> None:
    """The rows that it was asked about still stand there."""
    acts = 'rate = { inputs = ["table posts", "Rate."], output = "list[int]" }\nb = "Go on."'
    assert written(tmp_path, "'rate', 'b'", acts, "{{ rate }} {{ b }}") == ["b"]
    acts = acts.replace('"table posts"', '{ table_name = "posts", history_retention = "drop" }')
    assert written(tmp_path, "'rate', 'b'", acts, "{{ rate }} {{ b }}") == []


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ("{ parallel = ['t', 'a'] }", []),
        ("{ parallel = ['t', 'b'] }, 'a'", ["a"]),
        ("{ if = 'vars.x = 1', then = ['t'] }, 'a'", ["a"]),
        ("{ if = 'vars.x = 1', then = ['t'], else = ['a'] }, 'a'", ["a"]),
        ("{ repeat = ['a', 't'], iterations = 2 }", ["a"]),
        ("{ repeat = ['a', 't'], iterations = 2, history = 'fresh' }", []),
        ("['b', ['t']], 'a'", ["a"]),
    ],
)
def test_what_an_act_has_heard(order: str, expected: list[str], tmp_path: Path) -> None:
    acts = 't = "table posts"\na = "1"\nb = "2"'
    assert written(tmp_path, order, acts, "{{ a }}") == expected


def test_ids_of_discord_carry_no_text_and_names_do(tmp_path: Path) -> None:
    create = """
[bots.create]
platform = "discord"
command = "channels.create"
guild_id = "1"
name = "news"
"""
    policy = '[security.policy]\nallowed_commands = ["messages.send", "channels.create"]\n'
    acts = 'made = "bots.create"'
    clean = "see {{ made.id }} {{ state.channel_id }}"
    assert written(tmp_path, "'made'", acts, clean, create, policy=policy) == []
    named = "see {{ made.name }}"
    assert written(tmp_path, "'made'", acts, named, create, policy=policy) == ["made.name"]


def test_who_is_banned_is_not_for_a_model_to_decide(tmp_path: Path) -> None:
    ban = '[bots.ban]\nplatform = "discord"\ncommand = "members.ban"\nguild_id = "1"\n'
    ban += 'user_id = "{{ pick }}"\n[security.policy]\nallowed_commands = ["members.ban"]\n'
    acts = 'look = "bots.read"\npick = "Whose message is rude?"\nban = "bots.ban"'
    text = narrative("'look', 'pick', 'ban'", acts, READ, ban)
    assert described(check(tmp_path, {"main.toml": text})) == ["BOT606 18: pick"]


def test_numbers_are_no_text_for_a_command_either(tmp_path: Path) -> None:
    edit = '[bots.edit]\nplatform = "discord"\ncommand = "channels.edit"\nchannel_id = "1"\n'
    edit += 'rate_limit_per_user = "{{ pick }}"\n'
    edit += '[security.policy]\nallowed_commands = ["channels.edit"]\n'
    acts = 'look = "bots.read"\npick = "How slow?"\nedit = "bots.edit"'
    text = narrative("'look', 'pick', 'edit'", acts, READ, edit)
    assert check(tmp_path, {"main.toml": text}) == []


def test_reads_and_storing_are_no_writes(tmp_path: Path) -> None:
    text = '[narrative]\nname = "main"\ntoc = ["look", "sum"]\ntarget = "sums"\n[acts]\n'
    text += 'look = "bots.read"\nsum = "As JSON: {{ look }}"\n' + READ
    assert check(tmp_path, {"main.toml": text}) == []


# What makes it right


def test_a_person_who_confirms(tmp_path: Path) -> None:
    assert written(tmp_path, "'t'", 't = "table posts"', "{{ t }}", policy=CONFIRMED) == []


@pytest.mark.parametrize(
    ("where", "clean"),
    [
        ("review_status = 'approved'", True),
        ("'approved' = review_status and rating > 3", True),
        ("rating > 3 and (review_status = 'approved' and title is not null)", True),
        ("(review_status = 'approved' and a = 1) or (review_status = 'approved' and a = 2)", True),
        ("review_status in ('approved')", True),
        ("not (review_status != 'approved')", True),
        ("review_status = 'approved' or rating > 3", False),
        ("review_status != 'approved'", False),
        ("not review_status = 'approved'", False),
        ("review_status in ('approved', 'pending')", False),
        ("review_status = 'pending'", False),
        ("review_status = {{ vars.status }}", False),
        ("status = 'approved'", False),
    ],
)
def test_rows_that_a_person_has_reviewed(where: str, clean: bool, tmp_path: Path) -> None:
    named = f'[tables.t]\ntable_name = "posts"\nwhere = "{where}"\n'
    expected = [] if clean else ["t"]
    assert written(tmp_path, "'t'", 't = "tables.t"', "{{ t }}", named) == expected
    in_place = f't = "table posts where {where}"'
    assert written(tmp_path, "'t'", in_place, "{{ t }}") == expected


def test_a_filter_of_a_resource_holds_with_that_of_its_reference(tmp_path: Path) -> None:
    named = '[tables.t]\ntable_name = "posts"\nwhere = "review_status = \'approved\'"\n'
    assert written(tmp_path, "'a'", 'a = "tables.t where rating > 3"', "{{ a }}", named) == []
    assert written(tmp_path, "'a', 'b'", 'a = "tables.t"\nb = "table u"', "{{ b }}", named) == ["b"]


def test_columns_without_text(tmp_path: Path) -> None:
    schema = '[schemas.posts]\nid = "int"\nrating = "int?"\ntitle = "text"\n'
    numbers = 't = "table posts(id, rating)"'
    assert written(tmp_path, "'t'", numbers, "{{ t }}", schema) == []
    assert written(tmp_path, "'t'", 't = "table posts"', "{{ t }}", schema) == ["t"]
    rated = "{% for row in posts %}{{ row.rating }}{% endfor %}"
    assert written(tmp_path, "'t'", 't = "table posts"', rated, schema) == []


# Narratives that run each other


def call(name: str, callee: str, acts: str = "", given: str = "", toc: str = '"call"') -> str:
    text = f'[narrative]\nname = "{name}"\ntoc = [{toc}]\n[acts]\n{acts}\n'
    text += f'[acts.call]\nnarrative = "{callee}"\n'
    return text + (f"with = {{ {given} }}\n" if given else "")


POST = narrative("'post'", 'post = "bots.post"', SEND.replace("{content}", "{{ vars.x }}"))


def test_the_whole_way_is_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, snapshot: SnapshotAssertion
) -> None:
    files = {
        "reader.toml": narrative("'look', 'sum'", 'look = "bots.read"\nsum = "Sum up."', READ)
        .replace('"main"', '"reader"'),
        "between.toml": call("between", "main", given='x = "News: {{ vars.text }}"'),
        "start.toml": call(
            "start",
            "between",
            'get = "narratives.reader"\npolish = "Polish {{ get }}"',
            'text = "{{ polish }}"',
            '"get", "polish", "call"',
        ),
        "main.toml": POST + ALLOWED,
    }  # fmt: skip
    monkeypatch.chdir(tmp_path)
    [found] = check(tmp_path, files)
    assert render("text", [found], color=False) == snapshot


def test_what_comes_in_is_trusted_until_somebody_hands_in_otherwise(tmp_path: Path) -> None:
    files = {"main.toml": POST + ALLOWED, "a.toml": call("a", "main", given='x = "{{ vars.y }}"')}
    assert check(tmp_path, files) == []
    files["b.toml"] = call("b", "main", 'r = "table posts"', 'x = "{{ r }}"', '"r", "call"')
    assert described(check(tmp_path, files)) == ["BOT606 12: vars.x"]


def test_a_callee_has_its_callers_variables_as_well(tmp_path: Path) -> None:
    files = {
        "main.toml": POST + ALLOWED,
        "a.toml": call("a", "main", given='z = "1"'),
        "b.toml": call("b", "a", 'r = "table posts"', 'x = "{{ r }}"', '"r", "call"'),
    }
    assert described(check(tmp_path, files)) == ["BOT606 12: vars.x"]


def test_every_caller_must_confirm(tmp_path: Path) -> None:
    confirming = '[security.policy]\nrequire_confirmation = ["messages.send"]\n'
    inside = POST.replace("{{ vars.x }}", "{{ r }}").replace("['post']", "['r', 'post']")
    inside = inside.replace("[acts]", '[acts]\nr = "table posts"') + ALLOWED
    files = {"main.toml": inside, "a.toml": call("a", "main") + confirming}
    assert check(tmp_path, files) == []
    files["b.toml"] = call("b", "main")
    assert described(check(tmp_path, files)) == ["BOT606 13: r"]


def test_what_a_confirming_caller_hands_in_is_confirmed(tmp_path: Path) -> None:
    confirming = '[security.policy]\nrequire_confirmation = ["messages.send"]\n'
    handing = call("a", "main", 'r = "table posts"', 'x = "{{ r }}"', '"r", "call"')
    files = {
        "main.toml": POST + ALLOWED,
        "a.toml": handing + confirming,
        "b.toml": call("b", "main", given='x = "fine"'),
    }
    assert check(tmp_path, files) == []
    assert described(check(tmp_path, files | {"a.toml": handing})) == ["BOT606 12: vars.x"]


def test_a_trigger_starts_a_narrative_without_its_callers(tmp_path: Path) -> None:
    confirming = '[security.policy]\nrequire_confirmation = ["messages.send"]\n'
    inside = POST.replace("{{ vars.x }}", "{{ trigger }}") + ALLOWED
    files = {
        "main.toml": inside + '[triggers.t]\nwebhook = "/t"\n',
        "a.toml": call("a", "main") + confirming,
    }
    assert described(check(tmp_path, files)) == ["BOT606 12: trigger"]


def test_circles_and_missing_narratives_end(tmp_path: Path) -> None:
    files = {
        f"n{i}.toml": call(f"n{i}", f"n{(i + 1) % 3}", 'post = "bots.post"', 'x = "{{ vars.x }}"')
        + SEND.replace("{content}", "{{ vars.x }} {{ call }}")
        + ALLOWED
        for i in range(3)
    }
    files["n3.toml"] = call("n3", "nobody")
    assert check(tmp_path, files) == []
