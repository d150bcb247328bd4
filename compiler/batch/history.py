"""What git knows of the files before a commit. Without git or a repository there is no before."""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path


class History:
    """The state that a commit starts from.

    That is `HEAD`; or, where `pre-commit` compares two states, the first of them.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._before = os.environ.get("PRE_COMMIT_FROM_REF") or "HEAD"
        self._after = os.environ.get("PRE_COMMIT_TO_REF")
        top = self._git("rev-parse", "--show-toplevel")
        self._top = Path(os.fsdecode(top.rstrip(b"\n"))) if top is not None else None

    def deleted(self) -> list[Path]:
        """Return the files that are in the first state and no longer in the second."""
        if self._top is None:
            return []
        between = (
            (f"{self._before}...{self._after}",) if self._after else ("--cached", self._before)
        )
        names = self._git(
            "diff", "--name-only", "--no-renames", "--diff-filter=D", "-z", *between, "--"
        )
        return [self._top / os.fsdecode(name) for name in (names or b"").split(b"\0") if name]

    def earlier(self, paths: Iterable[Path]) -> Iterator[tuple[Path, bytes]]:
        """Yield what files held before, those of them that there were."""
        if self._top is None:
            return
        top = self._top.resolve()
        inside = []
        for path in paths:
            real = path.parent.resolve() / path.name
            if real.is_relative_to(top) and "\n" not in path.name:
                inside.append((path, real.relative_to(top).as_posix()))
        wanted = "".join(f"{self._before}:{name}\n" for _, name in inside)
        answer = self._git("cat-file", "--batch", given=os.fsencode(wanted)) or b""
        for path, _ in inside:
            head, _, answer = answer.partition(b"\n")
            if head.endswith(b" missing") or not head:
                continue
            size = int(head.rsplit(b" ", 1)[1])
            yield path, answer[:size]
            answer = answer[size + 1 :]

    def _git(self, *arguments: str, given: bytes = b"") -> bytes | None:
        import subprocess

        try:
            done = subprocess.run(  # noqa: S603 - fixed commands; names go to standard input
                ["git", "-C", str(self._folder), *arguments],  # noqa: S607
                input=given,
                capture_output=True,
                check=False,
            )
        except OSError:
            return None
        return done.stdout if done.returncode == 0 else None
