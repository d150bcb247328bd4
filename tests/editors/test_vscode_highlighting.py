"""What VS Code's engine shows of a narrative, over each base grammar that a user may have."""

import json
from pathlib import Path

import pytest
from coloured import (
    HERE,
    NARRATIVES,
    ORDINARY,
    ROOT,
    Lines,
    Place,
    Tokenize,
    act_names,
    found,
    is_yaml,
    names_at,
    references,
)

EXTENSION = ROOT / "editors" / "vscode"
TOML_BASES = ("textmate-toml", "botticelli")
YAML_BASES = ("vscode-yaml", "textmate-yaml")

SECTION = "keyword.other.section.botticelli"
ACT = "entity.name.function.act.botticelli"
SCHEMA = "entity.name.type.schema.botticelli"
RESOURCE = "entity.name.type.resource.botticelli"
NARRATIVE = "entity.name.namespace.narrative.botticelli"
KIND = "keyword.other.reference.botticelli"
REFERENCE = "variable.other.resource.botticelli"
CLAUSE = "keyword.other.clause.botticelli"
ALIAS = "variable.other.alias.botticelli"
COLUMN = "variable.other.column.botticelli"
WORD = "keyword.operator.word.botticelli"
COMPARISON = "keyword.operator.comparison.botticelli"
FUNCTION = "support.function.botticelli"
LITERAL = "string.quoted.literal.botticelli"
CONTROL = "keyword.control.flow.botticelli"
TYPE = "support.type.botticelli"
PROMPT = "meta.prompt.botticelli"
STATEMENT = "keyword.control.template.botticelli"
VARIABLE = "variable.other.template.botticelli"
SPECIAL = "variable.language.template.botticelli"
FIELD = "variable.other.property.template.botticelli"
FILTER = "support.function.filter.template.botticelli"
DELIMITER = "punctuation.definition.template.begin.botticelli"
DOLLAR = "variable.other.interpolation.botticelli"
UNEXPANDED = "invalid.deprecated.interpolation.botticelli"
IGNORE = "keyword.control.directive.ignore.botticelli"
RULE = "constant.other.rule.botticelli"

TOML_PLACES = (
    Place("ignore-file[BOT405]", "ignore-file", IGNORE),
    Place("ignore-file[BOT405]", "BOT405", RULE),
    Place("[toc]", "toc", SECTION),
    Place('"stats",  #', "stats", ACT),
    Place("{ parallel", "parallel", CONTROL),
    Place("{ parallel", "mood", ACT),
    Place("{ if =", "if", CONTROL),
    Place("{ if =", "length", FUNCTION),
    Place("{ if =", "and", WORD),
    Place("{ if =", "'angry'", LITERAL),
    Place("then =", "draft", ACT),
    Place("until =", "like", WORD),
    Place("stats = ", "stats", ACT),
    Place("stats = ", "bots", KIND),
    Place("stats = ", "server_stats", REFERENCE),
    Place("themes = ", "tables", KIND),
    Place("themes = ", "recent", REFERENCE),
    Place("themes = ", "where", CLAUSE),
    Place("where rating > 3", "rating", COLUMN),
    Place("where rating > 3", ">", COMPARISON),
    Place("themes = ", "order by", CLAUSE),
    Place("as top_posts", "top_posts", ALIAS),
    Place("themes = ", "csv", "constant.language.format.botticelli"),
    Place('"media.logo"', "logo", REFERENCE),
    Place("themes = ", "Name the themes.", PROMPT),
    Place("mood = ", "{{", DELIMITER),
    Place("mood = ", "member_count", FIELD),
    Place("mood = ", "previous", SPECIAL),
    Place("mood = ", "trim", FILTER),
    Place("[acts.draft]", "draft", ACT),
    Place("when = ", "when", CONTROL),
    Place("when = ", "not", WORD),
    Place("{# the tone", "the tone is set", "comment.block.template.botticelli"),
    Place("{% if mood", "if", STATEMENT),
    Place("{% if mood", "mood", VARIABLE),
    Place("{% if mood", "defined", "support.function.test.template.botticelli"),
    Place("{% for post", "top_posts", VARIABLE),
    Place("post.body |", "body", FIELD),
    Place("A price of $5", "A price of $5 and a [bracket] stay text, and so does # this.", PROMPT),
    Place("Say sorry", "vars", SPECIAL),
    Place("Say sorry", '"topic"', "string.quoted.template.botticelli"),
    Place("table digests", "table", KIND),
    Place("table digests", "digests", REFERENCE),
    Place("table digests", "mood", VARIABLE),
    Place("table digests", "limit", CLAUSE),
    Place("interval '30 days'", "interval", "storage.type.literal.botticelli"),
    Place('order_by = "created_at desc"', "desc", "storage.modifier.order.botticelli"),
    Place("${env:GUILD_ID}", "GUILD_ID", DOLLAR),
    Place("narrative:house_style", "house_style", NARRATIVE),
    Place('output = "list', "list", TYPE),
    Place('output = "list', "Post", SCHEMA),
    Place("[acts.critique.retry]", "critique", ACT),
    Place("[acts.critique.retry]", "retry", SECTION),
    Place("[bots.server_stats]", "server_stats", RESOURCE),
    Place("server.get_stats", "server.get_stats", "support.function.command.botticelli"),
    Place("$GUILD_ID", "$GUILD_ID", DOLLAR),
    Place("BOT608", "BOT608", RULE),
    Place("status in", "status", COLUMN),
    Place("status in", "'pinned'", LITERAL),
    Place('"rating" between', '"rating"', "variable.other.column.quoted.botticelli"),
    Place('"rating" between', "{{", DELIMITER),
    Place("${ASSETS}", "ASSETS", DOLLAR),
    Place("[schemas.Post]", "Post", SCHEMA),
    Place("text(10..200)", "text", TYPE),
    Place("text(10..200)", "200", "constant.numeric.botticelli"),
    Place("list[text]?", "?", "keyword.operator.optional.botticelli"),
    Place("enum(", '"approved"', LITERAL),
    Place('= "Author"', "Author", SCHEMA),
    Place("persona =", "audience", FIELD),
    Place("[security.policy]", "policy", SECTION),
)

YAML_PLACES = (
    Place("ignore-file[BOT405]", "BOT405", RULE),
    Place("toc:", "toc", SECTION),
    Place("- facts", "facts", ACT),
    Place("parallel:", "parallel", CONTROL),
    Place("parallel:", "tone", ACT),
    Place("- if:", "if", CONTROL),
    Place("- if:", "outline", COLUMN),
    Place("- if:", "'dry'", LITERAL),
    Place("- shorten", "shorten", ACT),
    Place("until:", "like", WORD),
    Place("facts: bots", "facts", ACT),
    Place("facts: bots", "server_stats", REFERENCE),
    Place("outline: [", "rules", REFERENCE),
    Place("outline: [", "order by", CLAUSE),
    Place("outline: [", "house_rules", ALIAS),
    Place("outline: [", "audience", FIELD),
    Place("- tables.rules where topic", "where", CLAUSE),
    Place("- tables.rules where topic", "'tone'", LITERAL),
    Place("Which tone", "member_count", FIELD),
    Place("One word for", "upper", FILTER),
    Place("please.", "please.", PROMPT),
    Place("narrative:root_keys", "root_keys", NARRATIVE),
    Place("  write:", "write", ACT),
    Place("when: outline", "when", CONTROL),
    Place("when: outline", "null", "constant.language.botticelli"),
    Place("{% for rule", "for", STATEMENT),
    Place("acts: are not", "acts: are not a section here, and # is no comment.", PROMPT),
    Place("output: Post", "Post", SCHEMA),
    Place("Shorten {{", "previous", SPECIAL),
    Place("vars.length", "length", FIELD),
    Place("}} words.", "words.", PROMPT),
    Place("where: 'status", "''approved''", LITERAL),
    Place("where: 'status", "least", FIELD),
    Place("${env:GUILD_ID}", "GUILD_ID", DOLLAR),
    Place("guild_id: $GUILD_ID", "$GUILD_ID", DOLLAR),
    Place("guild_id: $GUILD_ID", "BOT608", RULE),
    Place("verdict:", "enum", TYPE),
    Place("verdict:", '"poor"', LITERAL),
    Place("where: active", "active", COLUMN),
    Place("  Post:", "Post", SCHEMA),
    Place("text(10..200)", "text", TYPE),
    Place("author: Author", "Author", SCHEMA),
    Place("persona:", "audience", FIELD),
)


def over_bases(paths: list[Path]) -> pytest.MarkDecorator:
    cases = [
        pytest.param(base, path, id=f"{path.name}-{base}")
        for path in paths
        for base in (YAML_BASES if is_yaml(path) else TOML_BASES)
    ]
    return pytest.mark.parametrize(("base", "path"), cases)


@pytest.mark.parametrize("base", TOML_BASES)
def test_every_part_of_a_toml_narrative_has_its_scope(tokenize: Tokenize, base: str) -> None:
    _expect(HERE / "fixtures" / "weekly_digest.toml", base, tokenize, TOML_PLACES)


@pytest.mark.parametrize("base", YAML_BASES)
def test_every_part_of_a_yaml_narrative_has_its_scope(tokenize: Tokenize, base: str) -> None:
    _expect(HERE / "fixtures" / "house_style.yaml", base, tokenize, YAML_PLACES)


def _expect(path: Path, base: str, tokenize: Tokenize, places: tuple[Place, ...]) -> None:
    lines = tokenize(base, path, True)
    wrong = {
        place: names
        for place in places
        if not (names := names_at(path, lines, place)) or any(place.name not in n for n in names)
    }
    assert not wrong


@over_bases(NARRATIVES)
def test_acts_references_and_templates_are_found(tokenize: Tokenize, base: str, path: Path) -> None:
    lines = tokenize(base, path, True)
    assert act_names(path) <= {name.strip("\"'") for name in found(path, lines, ACT)}
    assert references(path) <= found(path, lines, REFERENCE, NARRATIVE)
    assert not _plain_templates(path, lines)


def _plain_templates(path: Path, lines: Lines) -> list[str]:
    """The lines of narrative sections with a `{{ NAME` that no template scope covers."""
    text = path.read_text(encoding="utf-8").splitlines()
    missed = []
    for line, runs in zip(text, lines, strict=False):
        at = line.partition("#")[0].find("{{ ")
        covering = [run for run in runs if run.start <= at < run.end]
        if at >= 0 and covering and "meta.narrative.botticelli" in covering[0].names:
            missed += [line for run in covering if DELIMITER not in run.names]
    return missed


@over_bases(NARRATIVES)
def test_nothing_leaks_behind_a_narrative(
    tokenize: Tokenize, base: str, path: Path, tmp_path: Path
) -> None:
    after = "\nx-after:\n  prompt: 1\n" if is_yaml(path) else '\n[x-after]\nprompt = "{{ x }}"\n'
    longer = tmp_path / path.name
    longer.write_text(path.read_text(encoding="utf-8") + after, encoding="utf-8")
    tail = tokenize(base, longer, True)[-3:]
    assert not [
        run for line in tail for run in line if any("botticelli" in n for n in run.names[1:])
    ]


@pytest.mark.parametrize("path", ORDINARY, ids=lambda path: path.name)
def test_ordinary_files_keep_every_scope(tokenize: Tokenize, path: Path) -> None:
    for base in YAML_BASES if is_yaml(path) else ("textmate-toml",):
        assert tokenize(base, path, True) == tokenize(base, path, False)


@pytest.mark.parametrize("base", YAML_BASES + TOML_BASES)
def test_an_unfinished_template_stays_in_its_string(
    tokenize: Tokenize, base: str, tmp_path: Path
) -> None:
    toml = (
        '[acts.a]\nprompt = "Hi {{ x"\nwhen = "b = 1"\n[acts.c]\nprompt = """{% if"""\n[acts.d]\n'
    )
    text = 'acts:\n  a:\n    prompt: "Hi {{ x"\n    when: b = 1\n  c: |\n    {% if\n  d: {{\n'
    path = tmp_path / ("a.toml" if base in TOML_BASES else "a.yaml")
    path.write_text(toml if base in TOML_BASES else text, encoding="utf-8")
    assert found(path, tokenize(base, path, True), ACT) == {"a", "c", "d"}
    assert "when" in found(path, tokenize(base, path, True), CONTROL)


@pytest.mark.parametrize("base", TOML_BASES)
def test_a_dollar_in_a_prompt_is_shown_as_not_expanded(
    tokenize: Tokenize, base: str, tmp_path: Path
) -> None:
    path = tmp_path / "a.toml"
    path.write_text('[acts]\na = "Costs $5 in ${PLACE}"\n', encoding="utf-8")
    lines = tokenize(base, path, True)
    assert found(path, lines, UNEXPANDED) == {"${PLACE}"}
    assert found(path, lines, DOLLAR) == set()


def test_the_extension_names_files_that_exist() -> None:
    manifest = json.loads((EXTENSION / "package.json").read_text(encoding="utf-8"))
    grammars = manifest["contributes"]["grammars"]
    for grammar in grammars:
        content = json.loads((EXTENSION / grammar["path"]).read_text(encoding="utf-8"))
        assert content["scopeName"] == grammar["scopeName"]
        assert ("injectionSelector" in content) == ("injectTo" in grammar)
    assert {(EXTENSION / g["path"]).resolve() for g in grammars} == set(
        (EXTENSION / "syntaxes").iterdir()
    )
    for language in manifest["contributes"]["languages"]:
        json.loads((EXTENSION / language["configuration"]).read_text(encoding="utf-8"))
