"""What every rule is given: one file of a workspace, and where to say what it finds."""

from msgspec import Struct

from botticelli.compiler.flow.points import Flow
from botticelli.compiler.flow.scope import Surroundings
from botticelli.compiler.narrative.model import NarrativeFile
from botticelli.compiler.reporter import Reporter
from botticelli.compiler.workspace.workspace import Unit, Workspace


class Subject(Struct, frozen=True):
    """A file under check, with its workspace and the reporter for what is found in it.

    ``followed`` has the narratives of the file that some rule has followed already.
    """

    unit: Unit
    file: NarrativeFile
    workspace: Workspace
    reporter: Reporter
    followed: dict[str, tuple[Surroundings, Flow]] = {}
