"""What Anthropic's models want to be told differently from one generation to the next.

Models up to 4.6 are given a number of tokens to think with; later ones decide for themselves and
take a level of effort. Models before 4.5 have no structured output: they are made to call a tool
whose input has the form of the answer.
"""

import re
from typing import Any

from botticelli.runtime.drivers.effort import effort
from botticelli.runtime.drivers.schemas import Strict

ANSWER_TOOL = "answer"

_BUDGETED = re.compile(r"claude-(3-7-sonnet|(opus|sonnet|haiku)-4(-[0-6])?)(-\d{8}|-latest)?")
_WITHOUT_FORMAT = re.compile(r"claude-(3-.+|(opus|sonnet)-4(-[01])?)(-\d{8}|-latest)?")
_LEAST_THINKING = {"claude-sonnet-5-5": "between_tools"}
"""What 'off' is called, where not `disabled`."""


def thinking(model: str, wanted: int | str | None) -> dict[str, Any]:
    """Return the part of a request that says how much to think."""
    if wanted is None:
        return {}
    if not isinstance(wanted, int):
        return {"thinking": {"type": _LEAST_THINKING.get(model, "disabled")}}
    if _BUDGETED.fullmatch(model):
        return {"thinking": {"type": "enabled", "budget_tokens": wanted}}
    return {"thinking": {"type": "adaptive"}, "output_config": {"effort": effort(wanted)}}


def takes_output_format(model: str) -> bool:
    return not _WITHOUT_FORMAT.fullmatch(model)


def output_format(schema: Strict) -> dict[str, Any]:
    return {"format": {"type": "json_schema", "schema": schema.schema}}


def forced_tool(schema: Strict) -> dict[str, Any]:
    tool = {
        "name": ANSWER_TOOL,
        "description": "Give the answer in this form.",
        "input_schema": schema.schema,
    }
    return {"tools": [tool], "tool_choice": {"type": "tool", "name": ANSWER_TOOL}}
