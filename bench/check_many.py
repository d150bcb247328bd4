"""How long `botticelli check` takes on 200 files, beside a mere schema check of the same files.

The claim: without cached results, the median of `botticelli check` is below 2 times the median of
`check-jsonschema`. Exits with 1 when the claim does not hold, with 2 when it cannot be measured.
"""

import shutil
import sys
import tempfile
from pathlib import Path

from corpus import write_narratives
from measuring import (
    BENCH,
    command,
    compare,
    compile_bytecode,
    make_venv,
    options,
)

CLAIM = 2
COUNT = 200
FOLDER = "narratives"
SCHEMA = "narrative.schema.json"


def main() -> int:
    chosen = options(__doc__, runs=11)
    with tempfile.TemporaryDirectory(prefix="botticelli-bench-") as temporary:
        folder = Path(temporary)
        venv = chosen.venv or make_venv(folder, ["check-jsonschema"])
        compile_bytecode(venv)
        work = folder / "work"
        write_narratives(work / FOLDER, COUNT)
        shutil.copy(BENCH / SCHEMA, work)
        files = sorted(path.relative_to(work).as_posix() for path in (work / FOLDER).iterdir())
        return compare(
            ("botticelli check", [command(venv, "botticelli"), "check", "--no-cache", FOLDER]),
            (
                "check-jsonschema",
                [command(venv, "check-jsonschema"), "--schemafile", SCHEMA, *files],
            ),
            claim=CLAIM,
            work=work,
            runs=chosen.runs,
        )


if __name__ == "__main__":
    sys.exit(main())
