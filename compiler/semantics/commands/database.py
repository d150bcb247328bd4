"""Commands of the platform `database`: on tables named in `[security.tables] write`.

Rows are given and chosen by values alone; no text ever becomes SQL.
"""

from collections.abc import Mapping

from botticelli.compiler.ir.types import Field, Int, Json, Record, Text
from botticelli.compiler.semantics.commands.kinds import Filter, Order
from botticelli.compiler.semantics.commands.model import Argument, Command

REGIONS = ("",)
ALIASES: Mapping[str, str] = {"update": "update_table"}

MOMENTS_NOW = ("now()", "current_timestamp", "current_date")
"""Texts that are the moment of the command in a column of moments or dates, in any case."""

_TABLE = Argument(
    "table_name", Text(1), "client", required=True, aliases=("table",), about="the table"
)
_WHERE = Argument(
    "where", Filter(), "client", aliases=("where_clause", "filter"), about="which rows: a filter"
)
_ORDER = Argument("order_by", Order(), "client", about="which rows come first, for `limit`")
_LIMIT = Argument("limit", Int(1), "client", about="how many rows at most")

COMMANDS = (
    Command(
        name="update_table",
        about="set columns of the rows that a filter chooses",
        result=Record((Field("updated", Int(0)),)),
        arguments=(
            _TABLE,
            Argument(
                "set",
                Json(),
                "client",
                required=True,
                aliases=("values", "updates"),
                about="columns with their new values",
            ),
            _WHERE,
            _ORDER,
            _LIMIT,
        ),
        writes=True,
        keyed=True,
    ),
    Command(
        name="insert",
        about="add a row, or several",
        result=Record((Field("inserted", Int(0)), Field("id", Json(), optional=True))),
        arguments=(
            _TABLE,
            Argument("values", Json(), "client", aliases=("row",), about="the row's columns"),
            Argument("rows", Json(), "client", about="several rows"),
        ),
        one_of=(("values", "rows"),),
        writes=True,
        keyed=True,
    ),
    Command(
        name="count",
        about="count the rows that a filter chooses",
        result=Record((Field("count", Int(0)),)),
        arguments=(_TABLE, _WHERE),
        idempotent=True,
    ),
)
