"""Results of effects as bytes: JSON beside the name of the result's type.

Whatever joins the union `Result` is journaled without a line of code here.
"""

from functools import cache
from typing import Any, get_args

import msgspec

from botticelli.runtime.effects import Result
from botticelli.runtime.problems import StoreError


@cache
def _types() -> dict[str, Any]:
    return {each.__name__: each for each in get_args(Result)}


def encode_result(result: Result) -> tuple[str, bytes]:
    """Return the name of a result's type, and its fields."""
    try:
        data = msgspec.json.encode(result)
    except UnicodeEncodeError:
        # Half of a surrogate pair, as JSON allows it and UTF-8 does not.
        import json

        data = json.dumps(msgspec.to_builtins(result)).encode()
    return type(result).__name__, data


def decode_result(name: str, data: bytes) -> Result:
    """Return what `encode_result` wrote. Raises StoreError for what this version does not know."""
    kind = _types().get(name)
    if kind is None:
        raise StoreError(f"the journal holds a result of a kind that is not known here: {name}")
    try:
        result: Result = msgspec.json.decode(data, type=kind)
    except msgspec.ValidationError as error:
        raise StoreError(f"the journal holds a damaged result ({name}): {error}") from error
    except msgspec.DecodeError:
        return _decode_surrogates(name, kind, data)
    return result


def _decode_surrogates(name: str, kind: Any, data: bytes) -> Result:
    import json

    try:
        result: Result = msgspec.convert(json.loads(data), kind)
    except ValueError as error:
        raise StoreError(f"the journal holds a damaged result ({name}): {error}") from error
    return result
