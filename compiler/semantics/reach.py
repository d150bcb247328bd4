"""What a template may reach: the methods and fields of values, tag by tag and type by type.

The sandbox enforces these lists and the checker reports by them; fields of records come on top.
"""

FORBIDDEN_TAGS = frozenset({"include", "import", "from", "extends", "block", "autoescape"})
"""Tags that need other templates, or that mean HTML. A prompt is one text and stands alone."""

TEXT_METHODS = frozenset(
    "capitalize casefold center count endswith find format index isalnum isalpha isascii isdecimal"  # noqa: SIM905
    " isdigit isidentifier islower isnumeric isprintable isspace istitle isupper join ljust lower"
    " lstrip partition removeprefix removesuffix replace rfind rindex rjust rpartition rsplit"
    " rstrip split splitlines startswith strip swapcase title upper zfill".split()
)
LIST_METHODS = frozenset({"count", "index"})
RECORD_METHODS = frozenset({"get", "items", "keys", "values"})
LOOP_FIELDS = frozenset(
    "index index0 revindex revindex0 first last length depth depth0 previtem nextitem cycle"  # noqa: SIM905
    " changed".split()
)
MACRO_FIELDS = frozenset({"name", "arguments", "catch_kwargs", "catch_varargs", "caller"})
CYCLER_FIELDS = frozenset({"next", "current", "reset"})
MOMENT_FIELDS = frozenset(
    "year month day hour minute second weekday isoweekday isoformat strftime date".split()  # noqa: SIM905
)
