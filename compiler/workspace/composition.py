"""Which narrative a name means: of the same file, beside it, or anywhere in the workspace."""

from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct

from botticelli.compiler.diagnostics import Location
from botticelli.compiler.flow.steps import act_names
from botticelli.compiler.narrative.located import Text
from botticelli.compiler.narrative.model import Act, Narrative, NarrativeFile, Reference
from botticelli.compiler.syntax.reader import SUFFIXES
from botticelli.compiler.workspace.files import Files
from botticelli.compiler.workspace.workspace import NarrativeAt, Unit, Workspace


class Call(Struct, frozen=True):
    """A place in a file that runs another narrative by name.

    `kind` is `narratives` for `narratives.NAME`, else `narrative`.
    """

    name: str
    location_of: Text | Reference
    kind: str

    @property
    def location(self) -> Location:
        where = self.location_of
        return where.name_location if isinstance(where, Reference) else where.location


class Resolution(Struct, frozen=True):
    """What a name was found to mean.

    More than one candidate: the name is ambiguous. ``unsure``: a file that could hold it cannot
    be read, so nothing is to be concluded from not finding it.
    """

    candidates: tuple[NarrativeAt, ...] = ()
    unsure: bool = False

    @property
    def found(self) -> NarrativeAt | None:
        return self.candidates[0] if len(self.candidates) == 1 else None


def calls_of(file: NarrativeFile, narrative: Narrative) -> Iterator[Call]:
    """Yield what the acts of a narrative's order run, each act once, in the order written."""
    if narrative.order is None:
        return
    acts = file.acts_of(narrative)
    for name in dict.fromkeys(name.value for name in act_names(narrative.order.body)):
        if name in acts:
            yield from calls_of_act(acts[name])


def calls_of_act(act: Act) -> Iterator[Call]:
    if act.narrative is not None:
        yield Call(act.narrative.value, act.narrative, "narrative")
    for item in act.inputs:
        if isinstance(item, Reference) and item.kind in {"narrative", "narratives"}:
            yield Call(item.name, item, item.kind)


def resolve(name: str, unit: Unit, workspace: Workspace) -> Resolution:
    """Find the narrative that ``name`` means in ``unit``."""
    file = unit.file
    if file is None:
        return Resolution(unsure=True)
    own = workspace.narratives_of(unit).get(name)
    if own is not None:
        return Resolution((NarrativeAt(unit, own),))
    link = file.links.get(name)
    return resolve_elsewhere(link.target.value if link else name, unit, workspace)


def resolve_elsewhere(name: str, unit: Unit, workspace: Workspace) -> Resolution:
    """Find a narrative by name outside its own file: beside it, then in the workspace."""
    beside = _beside(name, unit.path, workspace.files)
    for path in beside:
        other = workspace.unit(path)
        wanted = Path(name).stem if name.endswith(SUFFIXES) else name
        chosen = _of_file(other.file, wanted) if other.file else None
        if chosen:
            return Resolution((NarrativeAt(other, chosen),))
        if not other.document.intact:
            return Resolution(unsure=True)
    named = tuple(workspace.by_name.get(name, ()))
    return Resolution(named, unsure=any(_may_hold(other, name) for other in workspace.damaged))


def _may_hold(unit: Unit, name: str) -> bool:
    """Whether a narrative of this name may stand in what could not be read of a file."""
    return name == unit.path.stem or name in unit.document.source.text


def _beside(name: str, path: Path, files: Files) -> list[Path]:
    """Files beside ``path`` that ``name`` can mean. A name with a folder in it stays below it."""
    relative = Path(name)
    if relative.is_absolute() or ".." in relative.parts or "\0" in name:
        return []
    names = [name] if name.endswith(SUFFIXES) else [name + suffix for suffix in SUFFIXES]
    found = (path.parent / each for each in names)
    return [each for each in found if each != path and files.is_file(each)]


def _of_file(file: NarrativeFile, name: str) -> Narrative | None:
    """The narrative that a file's name means: the one that bears it, else the only one."""
    for narrative in file.narratives:
        if narrative.name == name:
            return narrative
    return file.narratives[0] if len(file.narratives) == 1 else None
