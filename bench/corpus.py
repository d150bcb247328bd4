"""Files to measure with: narratives of the size that people write, and workflows of GitHub's.

Everything is made from a seed, so that each run measures the same files.
"""

import random
from pathlib import Path

_WORDS = (  # noqa: SIM905 - a list of words reads better as text
    "welcome members thread summary question answer community update weekly channel "
    "event digest reader author story draft review tone short clear friendly honest "
    "detail example reason plan project release feedback topic history photo music "
    "recipe garden travel science art"
).split()


def write_narratives(folder: Path, count: int) -> None:
    """Write ``count`` narratives without a finding: prompts, tables, commands, some in YAML."""
    chance = random.Random(7)
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        write = (_prompts, _table, _prompts, _commands, _yaml)[number % 5]
        suffix = "yaml" if write is _yaml else "toml"
        (folder / f"narrative_{number:03}.{suffix}").write_text(write(number, chance))


def write_workflows(folder: Path, count: int) -> None:
    """Write ``count`` workflows of some jobs and steps each."""
    chance = random.Random(7)
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        (folder / f"workflow_{number:03}.yml").write_text(_workflow(number, chance))


def _prose(chance: random.Random, lines: int) -> str:
    return "\n".join(
        " ".join(chance.choice(_WORDS) for _ in range(chance.randint(8, 14))).capitalize() + "."
        for _ in range(lines)
    )


def _head(number: int, acts: list[str], *more: str) -> str:
    order = ", ".join(f'"{act}"' for act in acts)
    lines = [
        f"# Narrative {number}.",
        "[narrative]",
        f'name = "narrative_{number:03}"',
        'description = "One of many"',
        'model = "gemini-2.5-flash"',
        "max_tokens = 800",
        *more,
        "",
        "[toc]",
        f"order = [{order}]",
        "",
    ]
    return "\n".join(lines)


def _chain(acts: list[str], chance: random.Random, first: str = "") -> str:
    text = ""
    for index, act in enumerate(acts):
        before = f"\nConsider what was written: {{{{ {acts[index - 1]} }}}}" if index else first
        text += f"\n[acts.{act}]\ntemperature = 0.{chance.randint(1, 9)}\n"
        text += f'prompt = """\n{_prose(chance, chance.randint(4, 9))}{before}\n"""\n'
    return text


def _names(chance: random.Random, count: int) -> list[str]:
    return [f"{word}_{index}" for index, word in enumerate(chance.sample(_WORDS, count))]


def _prompts(number: int, chance: random.Random) -> str:
    acts = _names(chance, chance.randint(4, 7))
    carousel = "\n[carousel]\niterations = 3\nestimated_tokens_per_iteration = 30000\n"
    return _head(number, acts) + _chain(acts, chance) + (carousel if number % 4 == 0 else "")


def _table(number: int, chance: random.Random) -> str:
    acts = _names(chance, chance.randint(3, 5))
    table = f"posts_{number:03}"
    resources = f"""
[acts.collect]
input = ["tables.recent", "table {table}(title) where rating > 3 order by id limit 5 as best", \
"Collect what these have in common: {{{{ best }}}}"]

[tables.recent]
table_name = "{table}"
columns = ["title", "body", "rating"]
where = "status = 'approved' and rating >= {chance.randint(2, 4)} and length(title) > 3"
order_by = "rating desc, id"
limit = {chance.randint(5, 20)}
format = "markdown"
history_retention = "summary"

[schemas.{table}]
id = "int"
title = "text(1..80)"
body = "text(1..800)"
rating = "int(1..5)"
status = 'enum("pending", "approved")'
"""
    return _head(number, ["collect", *acts]) + _chain(acts, chance) + resources


def _commands(number: int, chance: random.Random) -> str:
    acts = _names(chance, chance.randint(3, 5))
    resources = f"""
[acts.look]
input = ["bots.stats", "bots.channels", "What is going on in this server?"]

[bots.stats]
platform = "discord"
command = "server.get_stats"
guild_id = "{chance.randint(10**17, 10**18)}"

[bots.channels]
platform = "discord"
command = "channels.list"
guild_id = "{chance.randint(10**17, 10**18)}"
"""
    return _head(number, ["look", *acts]) + _chain(acts, chance) + resources


def _yaml(number: int, chance: random.Random) -> str:
    acts = _names(chance, chance.randint(4, 6))
    order = "".join(f"\n  - {act}" for act in acts)
    text = f"narrative:\n  name: narrative_{number:03}\n  model: gemini-2.5-flash\n"
    text += f"  max_tokens: 800\ntoc:{order}\nacts:\n"
    for index, act in enumerate(acts):
        lines = _prose(chance, chance.randint(4, 9)).split("\n")
        if index:
            lines.append(f"Consider what was written: {{{{ {acts[index - 1]} }}}}")
        body = "".join(f"\n      {line}" for line in lines)
        text += f"  {act}:\n    temperature: 0.{chance.randint(1, 9)}\n    prompt: |{body}\n"
    return text


def _workflow(number: int, chance: random.Random) -> str:
    text = f"name: Workflow {number}\non:\n  push:\n    branches: [main]\n"
    text += "permissions:\n  contents: read\njobs:\n"
    for job in _names(chance, chance.randint(2, 4)):
        text += f"  {job}:\n    runs-on: ubuntu-latest\n    timeout-minutes: 10\n    steps:\n"
        text += "      - uses: actions/checkout@0123456789012345678901234567890123456789\n"
        text += "        with:\n          persist-credentials: false\n"
        for step in _names(chance, chance.randint(4, 8)):
            text += f"      - name: {step}\n        run: |\n"
            text += "".join(f"          echo '{line}'\n" for line in _prose(chance, 2).split("\n"))
    return text
