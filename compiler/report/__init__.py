"""From diagnostics to text: one module for each format that `check` can write.

A format's module is imported when it is asked for, so that the common run loads only one of them.
"""

from collections.abc import Iterable
from importlib import import_module

from botticelli.compiler.diagnostics import Diagnostic

FORMATS: dict[str, tuple[str, ...]] = {
    "text": ("color", "files"),
    "concise": ("color",),
    "json": ("files",),
    "jsonl": (),
    "sarif": (),
    "github": (),
    "gitlab": (),
    "junit": (),
}
"""Each format, named as its module here, and which options its ``render`` takes."""


def render(
    format_name: str, diagnostics: Iterable[Diagnostic], *, color: bool, files: int | None = None
) -> str:
    """Return the diagnostics in one of ``FORMATS``, in their order, ready to be written as it is.

    ``files`` is how many files were checked, where that is known. Machine formats have no colours.
    """
    options = {"color": color, "files": files}
    wanted = {name: options[name] for name in FORMATS[format_name]}
    module = import_module(f"{__name__}.{format_name}")
    written: str = module.render(diagnostics, **wanted)
    return written
