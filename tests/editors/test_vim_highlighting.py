"""What a headless Vim shows of a narrative: the group that synIDattr reports at each place."""

from pathlib import Path

import pytest
from coloured import (
    HERE,
    NARRATIVES,
    ORDINARY,
    Groups,
    Place,
    act_names,
    found,
    is_yaml,
    names_at,
    references,
)

ACTS = ("botActName", "botShortAct", "botHeaderAct", "botRootAct")
REFERENCES = ("botReference", "botTableName", "botNarrativeValue")

TOML_PLACES = (
    Place("ignore-file[BOT405]", "ignore-file", "botIgnoreWord"),
    Place("ignore-file[BOT405]", "BOT405", "botIgnoreCode"),
    Place("[toc]", "toc", "botSection"),
    Place('"stats",  #', "stats", "botActName"),
    Place("{ parallel", "parallel", "botControlKey"),
    Place("{ if =", "length", "botFunction"),
    Place("{ if =", "and", "botWord"),
    Place("{ if =", "'angry'", "botQuotedSingle"),
    Place("stats = ", "stats", "botShortAct"),
    Place("stats = ", "bots", "botReferenceKind"),
    Place("stats = ", ".server_stats", "botReference"),
    Place("themes = ", "recent", "botTableName"),
    Place("themes = ", "order by", "botClause"),
    Place("where rating > 3", ">", "botOperator"),
    Place("mood = ", "{{", "botTemplateDelimiter"),
    Place("mood = ", ".member_count", "botTemplateField"),
    Place("mood = ", "previous", "botTemplateScope"),
    Place("mood = ", "trim", "botTemplateFilter"),
    Place("[acts.draft]", "draft", "botHeaderAct"),
    Place("when = ", "when", "botControlKey"),
    Place("{# the tone", "the tone is set", "botTemplateComment"),
    Place("{% if mood", "if", "botTemplateKeyword"),
    Place("{% if mood", "defined", "botTemplateTest"),
    Place("post.body |", ".body", "botTemplateField"),
    Place(
        "A price of $5",
        "A price of $5 and a [bracket] stay text, and so does # this.",
        "botPromptString",
    ),
    Place("Say sorry", '"topic"', "botTemplateText"),
    Place("table digests", "digests", "botTableName"),
    Place("interval '30 days'", "interval", "botLiteralType"),
    Place("${env:GUILD_ID}", "${env:GUILD_ID}", "botDollar"),
    Place('output = "list', "list", "botTypeName"),
    Place('output = "list', "Post", "botSchema"),
    Place("[acts.critique.retry]", "retry", "botSection"),
    Place("[bots.server_stats]", "server_stats", "botResourceName"),
    Place("$GUILD_ID", "$GUILD_ID", "botDollar"),
    Place("BOT608", "BOT608", "botIgnoreCode"),
    Place("status in", "status", "botColumn"),
    Place('"rating" between', '"rating"', "botQuotedDouble"),
    Place("[schemas.Post]", "Post", "botSchemaName"),
    Place("text(10..200)", "200", "botTypeNumber"),
    Place("enum(", '"approved"', "botTypeQuotedDouble"),
    Place("[x-notes]", "[x-notes]", "tomlTable"),
    Place('prompt = "{{ not', "{{ not a template }} tables.recent", "tomlString"),
)

YAML_PLACES = (
    Place("toc:", "toc", "botSection"),
    Place("- facts", "facts", "botActName"),
    Place("parallel:", "parallel", "botControlKey"),
    Place("parallel:", "tone", "botActName"),
    Place("- if:", "outline", "botColumn"),
    Place("- shorten", "shorten", "botActName"),
    Place("facts: bots", "facts", "botActName"),
    Place("facts: bots", ".server_stats", "botReference"),
    Place("outline: [", "rules", "botTableName"),
    Place("outline: [", "order by", "botClause"),
    Place("- tables.rules where topic", "where", "botClause"),
    Place("- tables.rules where topic", "'tone'", "botQuotedSingle"),
    Place("One word for", "upper", "botTemplateFilter"),
    Place("please.", "please.", "botItemBlock"),
    Place("narrative:root_keys", ":root_keys", "botReference"),
    Place("when: outline", "null", "botConstant"),
    Place("{% for rule", "for", "botTemplateKeyword"),
    Place("acts: are not", "acts: are not a section here, and # is no comment.", "botPromptBlock"),
    Place("output: Post", "Post", "botSchema"),
    Place("vars.length", ".length", "botTemplateField"),
    Place("where: 'status", "''approved''", "botQuotedDoubled"),
    Place("${env:GUILD_ID}", "${env:GUILD_ID}", "botDollar"),
    Place("guild_id: $GUILD_ID", "BOT608", "botIgnoreCode"),
    Place("verdict:", "enum", "botTypeName"),
    Place("  Post:", "Post", "botSchema"),
    Place("x-notes", "x-notes", "yamlBlockMappingKey"),
)


@pytest.mark.parametrize(
    ("name", "places"),
    [("weekly_digest.toml", TOML_PLACES), ("house_style.yaml", YAML_PLACES)],
)
def test_every_part_of_a_narrative_has_its_group(
    groups: Groups, name: str, places: tuple[Place, ...]
) -> None:
    path = HERE / "fixtures" / name
    lines = groups(path, True)
    wrong = {p: names for p in places if (names := names_at(path, lines, p)) != [(p.name,)]}
    assert not wrong


@pytest.mark.parametrize("path", NARRATIVES, ids=lambda path: path.name)
def test_acts_and_references_are_found(groups: Groups, path: Path) -> None:
    lines = groups(path, True)
    assert act_names(path) <= {name.strip("\"'. ") for name in found(path, lines, *ACTS)}
    assert references(path) <= {name.strip(".:") for name in found(path, lines, *REFERENCES)}


@pytest.mark.parametrize("path", ORDINARY, ids=lambda path: path.name)
def test_ordinary_files_keep_every_group(groups: Groups, path: Path) -> None:
    assert groups(path, True) == groups(path, False)


@pytest.mark.parametrize("suffix", ["toml", "yaml"])
def test_an_unfinished_template_stays_in_its_string(
    groups: Groups, suffix: str, tmp_path: Path
) -> None:
    toml = (
        '[acts.a]\nprompt = "Hi {{ x"\nwhen = "b = 1"\n[acts.c]\nprompt = """{% if"""\n[acts.d]\n'
    )
    text = 'acts:\n  a:\n    prompt: "Hi {{ x"\n    when: b = 1\n  c: |\n    {% if\n  d: x\n'
    path = tmp_path / f"a.{suffix}"
    path.write_text(toml if suffix == "toml" else text, encoding="utf-8")
    lines = groups(path, True)
    names = {name.removesuffix(": |") for name in found(path, lines, *ACTS)}
    assert names == {"a", "c", "d"}
    assert {"when", "when:"} & found(path, lines, "botControlKey")


def test_a_dollar_in_a_prompt_is_shown_as_not_expanded(groups: Groups, tmp_path: Path) -> None:
    path = tmp_path / "a.toml"
    path.write_text('[acts]\na = "Costs $5 in ${PLACE}"\n', encoding="utf-8")
    assert found(path, groups(path, True), "botUnexpanded") == {"${PLACE}"}
    assert found(path, groups(path, True), "botDollar") == set()


def test_both_formats_are_among_the_narratives() -> None:
    assert {is_yaml(path) for path in NARRATIVES} == {True, False}
