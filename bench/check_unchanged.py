"""How long `botticelli check` takes on files that have not changed since they were checked.

The claims, with cached results: on 200 files the median is below 1.5 times that of `zizmor` on 200
workflows, and on one file below 6 times that of a Python that does nothing. Exits with 1 when a
claim does not hold, with 2 when it cannot be measured.
"""

import shutil
import sys
import tempfile
from pathlib import Path

from corpus import write_narratives, write_workflows
from measuring import BENCH, command, compare, compile_bytecode, make_venv, options

CLAIM_MANY = 1.5
CLAIM_ONE = 6
COUNT = 200
FILE = "small.toml"


def main() -> int:
    chosen = options(__doc__, runs=21)
    with tempfile.TemporaryDirectory(prefix="botticelli-bench-") as temporary:
        folder = Path(temporary)
        venv = chosen.venv or make_venv(folder, ["zizmor"])
        compile_bytecode(venv)
        work = folder / "work"
        write_narratives(work / "narratives", COUNT)
        write_workflows(work / "repository" / ".github" / "workflows", COUNT)
        shutil.copy(BENCH / FILE, work)
        check = [command(venv, "botticelli"), "check"]
        many = compare(
            ("botticelli check, 200 files", [*check, "narratives"]),
            ("zizmor, 200 workflows", [command(venv, "zizmor"), "--offline", "-q", "repository"]),
            claim=CLAIM_MANY,
            work=work,
            runs=chosen.runs,
        )
        one = compare(
            ("botticelli check, one file", [*check, FILE]),
            ("python -c pass", [command(venv, "python"), "-c", "pass"]),
            claim=CLAIM_ONE,
            work=work,
            runs=chosen.runs,
        )
        return max(many, one)


if __name__ == "__main__":
    sys.exit(main())
