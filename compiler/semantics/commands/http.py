"""Commands of the platform `http`: one request to an address that the user allows."""

from collections.abc import Mapping

from botticelli.compiler.ir.types import Field, Int, Json, Record, Text
from botticelli.compiler.semantics.commands.model import Argument, Command

REGIONS = ("",)
ALIASES: Mapping[str, str] = {}

_ANSWER = Record((Field("status", Int(100, 599)), Field("headers", Json()), Field("body", Json())))
_URL = Argument("url", Text(1, 8000), required=True, about="the address, http or https")
_HEADERS = Argument("headers", Json(), "header", about="headers, each a text")
_QUERY = Argument("query", Json(), "query", aliases=("params",), about="added to the address")

COMMANDS = (
    Command(
        name="get",
        about="fetch an address",
        result=_ANSWER,
        arguments=(_URL, _QUERY, _HEADERS),
        idempotent=True,
    ),
    Command(
        name="post",
        about="send JSON or text to an address",
        result=_ANSWER,
        arguments=(
            _URL,
            _QUERY,
            _HEADERS,
            Argument("json", Json(), about="a body to send as JSON"),
            Argument("body", Text(), aliases=("data",), about="a body to send as it is"),
        ),
        writes=True,
    ),
)
