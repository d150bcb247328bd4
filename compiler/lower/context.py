"""What lowering one narrative needs to know: its file, its project, and the names of others."""

from collections.abc import Callable, Container
from pathlib import Path

from msgspec import Struct

from botticelli.compiler.ir.program import Place, Template
from botticelli.compiler.ir.types import Record
from botticelli.compiler.lower.places import Places
from botticelli.compiler.narrative.located import Text
from botticelli.compiler.narrative.model import NarrativeFile
from botticelli.compiler.workspace.workspace import Unit


class Context(Struct, frozen=True):
    """The surroundings of one narrative.

    ``names`` are its own, which `${NAME}` means before the environment; ``narrative_key`` gives the
    key in the program of a narrative that is called by name, ``row_of`` what is known of a table's
    columns. ``consumes_by_default`` is what `preserve_source = false` makes of reads.
    """

    unit: Unit
    file: NarrativeFile
    places: Places
    schemas: dict[str, Record]
    names: Container[str]
    narrative_key: Callable[[str], str]
    row_of: Callable[[str], Record | None]
    consumes_by_default: bool = False

    def prompt_file(self, name: Text) -> Template:
        """Read a prompt that stands in a file of its own, beside the narrative."""
        path = self.unit.path.parent / name.value
        place = self.places.at(name.location)
        inside = Path(place.path).parent / name.value
        return Template(path.read_text("utf-8"), Place(inside.as_posix(), 1, 1))
