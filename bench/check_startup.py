"""How long `botticelli check` takes on one small file, beside a mere schema check of the same file.

The claim: without cached results, the median of `botticelli check` is below 0.6 of the median of
`check-jsonschema`. Exits with 1 when the claim does not hold, with 2 when it cannot be measured.
"""

import shutil
import sys
import tempfile
from pathlib import Path

from measuring import (
    BENCH,
    command,
    compare,
    compile_bytecode,
    forget_results,
    make_venv,
    options,
)

CLAIM = 0.6
FILE = "small.toml"
SCHEMA = "small.schema.json"


def main() -> int:
    chosen = options(__doc__, runs=21)
    with tempfile.TemporaryDirectory(prefix="botticelli-bench-") as temporary:
        folder = Path(temporary)
        venv = chosen.venv or make_venv(folder, ["check-jsonschema"])
        compile_bytecode(venv)
        work = folder / "work"
        work.mkdir()
        for name in (FILE, SCHEMA):
            shutil.copy(BENCH / name, work)
        return compare(
            ("botticelli check", [command(venv, "botticelli"), "check", FILE]),
            (
                "check-jsonschema",
                [command(venv, "check-jsonschema"), "--schemafile", SCHEMA, FILE],
            ),
            claim=CLAIM,
            work=work,
            runs=chosen.runs,
            before=lambda: forget_results(work),
        )


if __name__ == "__main__":
    sys.exit(main())
