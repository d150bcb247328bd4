"""How rules are shown: each by itself and all together, for a terminal, as Markdown, as JSON."""

import textwrap
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from pathlib import PurePosixPath

import msgspec

from botticelli.compiler.report.colors import BOLD, FRAME, HELP, SEVERITY, Paint
from botticelli.grammar.catalogue import RULES, Rule
from botticelli.grammar.explanations import (
    ExampleFile,
    Explanation,
    Mend,
    explanation,
    family,
)

WIDTH = 80
"""Columns of a terminal that prose is written for."""

_FIXES = {
    None: "There is none: what was meant is for the author to say.",
    Mend.SAFE: "`check --fix` makes it, where it is certain what was meant.",
    Mend.UNSAFE: "Proposed where it is likely; `check --fix --unsafe-fixes` makes it.",
}
_NOT_YET = "not reported yet"
_INDENT = "  "
_HERE = "→"


# All rules


def listed(paint: Paint) -> str:
    """Return every rule with its code, name, severity and one line, for a terminal."""
    name_width = max(len(rule.name) for rule in RULES.values()) + 2
    blocks = []
    for title, rules in groupby(RULES.values(), family):
        lines = [paint(title, BOLD)]
        for rule in rules:
            head = f"{rule.code}  {rule.name:<{name_width}}"
            severity = f"{rule.severity:<9}"
            first, *others = textwrap.wrap(_summary(rule), WIDTH - len(head) - len(severity))
            lines.append(f"{head}{paint(severity, SEVERITY[rule.severity])}{first}")
            lines += [" " * (len(head) + len(severity)) + other for other in others]
        blocks.append("\n".join(lines) + "\n")
    return "\n".join([*blocks, "`botticelli rule CODE` explains one, with examples.\n"])


def _summary(rule: Rule) -> str:
    return rule.summary if explanation(rule).reported else f"{rule.summary} ({_NOT_YET})"


# One rule, for a terminal


def as_text(rule: Rule, paint: Paint) -> str:
    """Return the page of one rule for a terminal."""
    about = explanation(rule)
    title = f"{rule.code} {rule.name}"
    severity = paint(f"{rule.severity:>{WIDTH - len(title)}}", SEVERITY[rule.severity])
    parts = [paint(title, BOLD) + severity, _paragraph(about.what)]
    if not about.reported:
        parts.append(_paragraph("This rule is not reported yet; its code is reserved for it."))
    parts += [
        _section("Why", _paragraph(about.why), paint),
        _section("Fails", _listing(about.fails, rule, paint), paint),
        _section("Passes", _listing(about.passes, rule, paint), paint),
        _section("Fix", _paragraph(_FIXES[about.fix]), paint),
        _section("Silence", _silence(rule, about), paint),
    ]
    return "\n\n".join(parts) + "\n"


def _section(title: str, text: str, paint: Paint) -> str:
    return f"{paint(title, HELP)}\n{text}"


def _paragraph(text: str) -> str:
    return textwrap.fill(
        text,
        WIDTH,
        initial_indent=_INDENT,
        subsequent_indent=_INDENT,
        break_on_hyphens=False,
        break_long_words=False,
    )


def _silence(rule: Rule, about: Explanation) -> str:
    ways = (
        (f"# botticelli: ignore[{rule.code}] reason", "on its line, or the line above"),
        (f'ignore = ["{rule.code}"]', "under [check] in botticelli.toml"),
    )
    width = max(len(way) for way, _ in ways) + 2
    lines = "\n".join(f"{_INDENT}{way:<{width}}{where}" for way, where in ways)
    return lines if about.silence is None else f"{_paragraph(about.silence)}\n{lines}"


def _listing(files: Sequence[ExampleFile], rule: Rule, paint: Paint) -> str:
    return "\n".join(line for each in files for line in _shown(each, rule, paint))


def _shown(example: ExampleFile, rule: Rule, paint: Paint) -> Iterator[str]:
    """Yield one file of an example with its line numbers, an arrow at the finding."""
    size = "" if example.bytes is None else f", {_size(example.bytes)}"
    yield f"{_INDENT}{paint(example.file, BOLD)}{size}"
    lines = example.text.splitlines()
    width = len(str(len(lines)))
    for number, line in enumerate(lines, 1):
        here = number == example.line
        arrow = paint(_HERE, SEVERITY[rule.severity]) if here else " "
        text = paint(line, SEVERITY[rule.severity]) if here else line
        gutter = paint(f"{number:>{width}} │", FRAME)
        yield f"{_INDENT}{arrow} {gutter} {text}".rstrip()


def _size(count: int) -> str:
    for unit, size in (("MB", 1_000_000), ("KB", 1_000)):
        if count >= size:
            return f"{count / size:g} {unit}"
    return f"{count} bytes"


# Markdown


def whole_page() -> str:
    """Return the page of all rules: a table, then each rule with its examples."""
    return "\n".join([_HEAD, *_tables(), *map(as_markdown, RULES.values())])


_HEAD = """\
# Rules

<!-- Written by `botticelli rule --format markdown`; the text stands in `grammar/rules/`. -->

What `botticelli check` reports. An error makes a run fail or mean something else than it says; a
warning is almost always a mistake; an info says what could not be checked. `botticelli rule CODE`
shows the same in a terminal.

A finding is silenced by a comment on its line or on the line above, with a reason for the reader,
as in `# botticelli: ignore[BOT205] run by hand`; in a whole file by
`# botticelli: ignore-file[BOT205]`; and in a project by `botticelli.toml`:

```toml
[check]
ignore = ["BOT205"]

[check.per-file-ignores]
"drafts/*" = ["BOT2"]
```
"""


def _tables() -> Iterator[str]:
    for title, rules in groupby(RULES.values(), family):
        yield f"**{title}**\n\n| code | name | severity | |\n|---|---|---|---|"
        for rule in rules:
            summary = _summary(rule).replace("|", "\\|")
            link = f"[{rule.code}](#{rule.code.lower()}-{rule.name})"
            yield f"| {link} | {rule.name} | {rule.severity} | {summary} |"
        yield ""


def as_markdown(rule: Rule) -> str:
    """Return the section of one rule."""
    about = explanation(rule)
    notes = [
        f"- Severity: {rule.severity}" + ("" if about.reported else f", {_NOT_YET}"),
        f"- Fix: {_FIXES[about.fix]}",
        f"- Silence: `# botticelli: ignore[{rule.code}]`"
        + ("" if about.silence is None else f". {about.silence}"),
    ]
    [at] = [each.line for each in about.fails if each.line is not None]
    parts = [
        f"## {rule.code} {rule.name}",
        about.what,
        about.why,
        "\n".join(notes),
        f"Fails, in line {at}:",
        *_blocks(about.fails),
        "Passes:",
        *_blocks(about.passes),
    ]
    return "\n\n".join(parts) + "\n"


def _blocks(files: Sequence[ExampleFile]) -> Iterator[str]:
    for example in files:
        if example.bytes is not None:
            yield f"`{example.file}`: {_size(example.bytes)}"
            continue
        if len(files) > 1:
            yield f"`{example.file}`:"
        language = PurePosixPath(example.file).suffix.removeprefix(".")
        yield f"```{language}\n{example.text}```"


# JSON


def as_json(rule: Rule | None) -> str:
    """Return one rule as an object, or all of them as an array."""
    content: object = _record(rule) if rule else [_record(each) for each in RULES.values()]
    return msgspec.json.format(msgspec.json.encode(content), indent=2).decode() + "\n"


def _record(rule: Rule) -> dict[str, object]:
    about = explanation(rule)
    return {
        "code": rule.code,
        "name": rule.name,
        "severity": rule.severity,
        "summary": rule.summary,
        "reported": about.reported,
        "what": about.what,
        "why": about.why,
        "fix": about.fix,
        "silence": about.silence,
        "fails": list(_files(about.fails)),
        "passes": list(_files(about.passes)),
    }


def _files(files: Iterable[ExampleFile]) -> Iterator[dict[str, object]]:
    for each in files:
        content = {"text": each.text} if each.bytes is None else {"bytes": each.bytes}
        yield {"file": each.file, "line": each.line, **content}
