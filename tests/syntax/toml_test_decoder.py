"""A decoder for toml-test, the TOML project's own suite: TOML in, tagged JSON out.

Run the suite with ``toml-test -toml 1.0 -- python tests/syntax/toml_test_decoder.py``. The
documents are read by the grammar. Ends with 1, and says why, where a document is refused.
"""

import json
import sys
from datetime import date, datetime, time
from typing import Any

from botticelli.compiler.syntax.encoding import decode
from botticelli.compiler.syntax.nodes import Array, Node, Scalar, Table
from botticelli.compiler.syntax.toml import parse_toml


def tagged(node: Node) -> Any:
    if isinstance(node, Table):
        return {key: tagged(below) for key, below in node}
    if isinstance(node, Array):
        return [tagged(item) for item in node.items]
    assert isinstance(node, Scalar)
    kind, text = _scalar(node.value)
    return {"type": kind, "value": text}


def _scalar(value: Any) -> tuple[str, str]:
    match value:
        case bool():
            return "bool", str(value).lower()
        case int():
            return "integer", str(value)
        case float():
            return "float", repr(value)
        case str():
            return "string", value
        case datetime():
            return "datetime" if value.tzinfo else "datetime-local", value.isoformat()
        case date():
            return "date-local", value.isoformat()
        case time():
            return "time-local", value.isoformat()
    raise AssertionError(value)


def main() -> int:
    source, fault = decode("<stdin>", sys.stdin.buffer.read())
    document = parse_toml(source)
    faults = document.faults if fault is None else [fault]
    for found in faults:
        position = source.position(found.location.span.start)
        print(f"{position.line}:{position.column}: {found.message}", file=sys.stderr)
    if not faults:
        json.dump(tagged(document.root), sys.stdout, ensure_ascii=False)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
