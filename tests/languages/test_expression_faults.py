"""What is said of text that does not parse, as golden files to be read by people."""

import pytest
from syrupy.assertion import SnapshotAssertion
from underlined import mended, underlined

from botticelli.compiler.languages.conditions import parse_condition
from botticelli.compiler.languages.filters import parse_filter
from botticelli.compiler.languages.orders import parse_order
from botticelli.compiler.languages.references import parse_reference
from botticelli.compiler.languages.types import parse_type

PARSERS = {
    "filter": parse_filter,
    "condition": parse_condition,
    "order": parse_order,
    "type": parse_type,
    "reference": parse_reference,
}

CASES = {
    "filter": """
        a =
        a = and b = 2
        a = 3 4 or b == 'x' && c = 1
        a > 1 and or b = 2 and c is
        ((a = 1
        (a = 1 or (b = 2) and c
        a = 1) or b = 2
        a between 3 or b = 1
        a between 3 and
        a in ()
        a in (1,,2)
        a in 1
        a < b < c
        a = 1, b = 2
        a is true
        a ! = b
        !a
        not
        posts.rating > 3
        where a = 1
        a = 1 order by b
        a = 1; drop table posts
        a = 1 -- all of them
        a = 1 /* all of them */
        a::text = 'x'
        a = 'x' union select secret from users
        a in (select id from b where c = 1) and d =
        case when a then b end = 1
        count(*) > 3
        cast(a as int) = 3
        lower(a b) = 'x'
        a = 'unclosed and b = 2
        a = "unclosed and b = 2
        a = {{ unclosed and b = 2
        a = 3abc or b = 1.2.3
        a ≠ 3 and b = $1
        `a` = 3
        a = 99999999999999999999
        a = interval '3 dayz'
        a = interval 'a while'
        a = interval {{ n }}
        a = interval '{{ n }} days'
        a = date '2026-02-30'
        a = timestamp 'yesterday'
        a {{ operator }} 3
        a in {{ values }}
        a like '%{{ word }}%'
        a = '{{ word }}'
        a = '{{ first }} and {{ second }}' and b =
        a = {{ }}
        {% if x %}a = 1{% endif %}
    """,
    "condition": """
        {{ draft.score }} > 3
        {{ draft | length }} > 3
        draft = '{{ previous }}!'
        draft.
        draft[
        draft[1.5] = 3
        draft[x] = 3
        a in [1, 2]
        a > interval '3 days'
        previous != '' &&
        order by = 3
    """,
    "order": """
        rating dsc
        rating desc created_at
        , rating
        rating,
        lower(title)
        'title' desc
        1 desc
        {{ column }} desc, {{ other }}
        rating desc; drop table posts
        rating nulls last
    """,
    "type": """
        text(10)
        text()
        text(..)
        text(5..1)
        text(-1..)
        int(1.5..2)
        int(99999999999999999999..)
        float(1..2)
        enum()
        enum(pending, "approved", 3)
        enum('a', 'b', 'a')
        enum
        list
        list[]
        list[text
        text[3]
        text?? or int
        {{ type }}
    """,
    "reference": """
        tables.recent where
        tables.recent where limit 5
        tables.recent order rating desc limit 3
        tables.recent limit 5 limit 6
        tables.recent limit -5 offset 1.5 sample 0
        tables.recent limit {{ n }} as {{ name }} format {{ format }}
        tables.recent sample 5 order by rating
        tables.recent format markdwn
        tables.recent as "two words"
        tables.{{ name }} limit 3
        tables.recent where a = and b == 2 order by , c limit z as x
        tables.recent where (a = 1 limit 3
        tables.recent limit 5, 10
        table posts() where a = 1
        table posts(title where a = 1
        table posts(*)
        table {{ name }} where a = 1
        tables.recent where a = '{{ x }}' order by {{ y }}
    """,
}


def lines(language: str) -> list[str]:
    return [line.strip() for line in CASES[language].strip().splitlines()]


@pytest.mark.parametrize("language", CASES)
def test_faults_are_said_at_their_place(language: str, snapshot: SnapshotAssertion) -> None:
    parse = PARSERS[language]
    told = [underlined(text, parse(text).faults) for text in lines(language)]
    assert "\n\n".join(told) == snapshot


@pytest.mark.parametrize(
    ("language", "text"), [(language, text) for language in CASES for text in lines(language)]
)
def test_each_case_has_a_fault_and_its_safe_fixes_mend(language: str, text: str) -> None:
    parse = PARSERS[language]
    faults = parse(text).faults
    assert faults
    assert list(faults) == sorted(faults, key=lambda fault: (fault.start, fault.end))
    for fault in faults:
        if fault.edits and fault.safe:
            assert len(parse(mended(text, fault)).faults) < len(faults)


@pytest.mark.parametrize("parse", PARSERS.values(), ids=PARSERS)
@pytest.mark.parametrize("text", ["", " ", "\n\t"])
def test_blank_text_is_one_fault_or_a_prompt(parse, text: str) -> None:
    assert len(parse(text).faults) == (0 if parse is parse_reference else 1)
