"""Places in the IR: relative to the project, so that a compiled file is the same on any machine."""

import os
from functools import cached_property
from pathlib import Path

from botticelli.compiler.diagnostics import Location
from botticelli.compiler.ir.program import Place, Template
from botticelli.compiler.narrative.located import Text
from botticelli.compiler.workspace.workspace import Unit


class Places:
    """The places of one file."""

    def __init__(self, unit: Unit, project: Path) -> None:
        self._unit = unit
        self._project = project

    @cached_property
    def path(self) -> str:
        return Path(os.path.relpath(self._unit.path, self._project)).as_posix()

    def at(self, location: Location) -> Place:
        position = location.source.position(location.span.start)
        return Place(self.path, position.line, position.column)

    def template(self, text: Text) -> Template:
        """Return a prompt as a template, with the place of its first character."""
        return Template(text.value, self.at(text.part(0, 0)))
