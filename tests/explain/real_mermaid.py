"""Flowcharts in Mermaid's own parser.

Not collected by itself, since Mermaid and what it needs are 180 MB of packages. With node, npm and
the npm registry:

    pytest tests/explain/real_mermaid.py
"""

import json
import shutil
import subprocess
from pathlib import Path

from test_explain_mermaid import NEWSROOM, chart_of, write_sly

HERE = Path(__file__).parent


def test_mermaid_reads_what_is_written(tmp_path: Path) -> None:
    (tmp_path / "package.json").write_text('{"type": "module", "private": true}')
    packages = ["mermaid@11.17.2", "jsdom@29.1.1"]
    install = ["npm", "install", "--ignore-scripts", "--no-audit", "--no-fund", *packages]
    subprocess.run(install, cwd=tmp_path, check=True, capture_output=True, timeout=300)
    shutil.copy(HERE / "parse_mermaid.mjs", tmp_path)
    for name, file in (("newsroom", NEWSROOM), ("sly", write_sly(tmp_path))):
        (tmp_path / f"{name}.mmd").write_text(chart_of(file), "utf-8")

    done = subprocess.run(
        ["node", "parse_mermaid.mjs", "newsroom.mmd", "sly.mmd"],
        cwd=tmp_path,
        check=True,
        capture_output=True,
        text=True,
        timeout=120,
    )

    newsroom, sly = map(json.loads, done.stdout.splitlines())
    assert newsroom == {"nodes": 22, "edges": 24, "boxes": 3}
    assert sly["boxes"] == 0
