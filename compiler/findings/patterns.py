"""Patterns of paths, as in `per-file-ignores` and `exclude`."""

from fnmatch import fnmatchcase


def matches_path(path: str, pattern: str) -> bool:
    """Tell whether a pattern means a file, by its path relative to the project.

    ``*`` stands for anything, also across folders. A pattern without a slash means files and
    folders of that name anywhere, one with a slash a path; a folder stands for all that is in it.
    """
    parts = path.split("/")
    pattern = pattern.removeprefix("./").removesuffix("/")
    if "/" not in pattern:
        return any(fnmatchcase(part, pattern) for part in parts)
    return any(fnmatchcase("/".join(parts[:end]), pattern) for end in range(1, len(parts) + 1))
