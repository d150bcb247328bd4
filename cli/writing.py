"""Writing a file as a whole or not at all."""

import os
from pathlib import Path


def replace_file(path: Path, data: bytes) -> None:
    """Put new content in place of a file's, at once for everyone who reads it.

    Permissions stay; a link stays one, and what it points to is replaced. Raises OSError.
    """
    import tempfile

    path = path.resolve()
    handle, name = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
    unfinished = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        unfinished.chmod(path.stat().st_mode & 0o7777 if path.exists() else 0o666 & ~_mask())
        unfinished.replace(path)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise


def _mask() -> int:
    """Return what new files may not be, which the system tells only when it is set."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
