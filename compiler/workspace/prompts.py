"""Prompts that stand in files of their own: read with the narrative that names them, and judged as
if they stood in it."""

from collections.abc import Mapping
from pathlib import Path

from msgspec.structs import replace

from botticelli.compiler.diagnostics import Diagnostic, Label
from botticelli.compiler.narrative.located import Text
from botticelli.compiler.narrative.model import Act, Input, NarrativeFile, TextInput
from botticelli.compiler.source import Source, Span
from botticelli.compiler.syntax.encoding import decode
from botticelli.compiler.syntax.nodes import Document, Place, Scalar, StringMap
from botticelli.compiler.workspace.discovery import display_path
from botticelli.compiler.workspace.files import Files


class PromptFiles:
    """The prompt files of one narrative file, and where it names each of them."""

    def __init__(self, folder: Path, files: Files) -> None:
        self._folder = folder
        self._files = files
        self._named: dict[str, Text] = {}
        self.faults: list[Diagnostic] = []

    def __bool__(self) -> bool:
        return bool(self._named)

    def into(self, file: NarrativeFile) -> NarrativeFile:
        """Return a narrative file whose acts know what their prompt files hold."""
        acts: dict[int, Act] = {}
        return replace(
            file,
            acts=self._into_acts(file.acts, acts),
            scenes=tuple(self._into_act(act, acts) for act in file.scenes),
            narratives=tuple(
                replace(each, acts=self._into_acts(each.acts, acts)) if each.acts else each
                for each in file.narratives
            ),
        )

    def _into_acts(self, acts: Mapping[str, Act], done: dict[int, Act]) -> dict[str, Act]:
        return {name: self._into_act(act, done) for name, act in acts.items()}

    def _into_act(self, act: Act, done: dict[int, Act]) -> Act:
        if id(act) not in done:
            done[id(act)] = replace(act, inputs=tuple(map(self._into_input, act.inputs)))
        return done[id(act)]

    def _into_input(self, item: Input) -> Input:
        if isinstance(item, TextInput) and item.file is not None:
            return replace(item, content=self._content(item.file))
        return item

    def _content(self, name: Text) -> Text | None:
        """Return what a prompt file holds, or None where it cannot be read."""
        path = self._folder / name.value
        try:
            data = self._files.read(path)
        except OSError:
            return None
        source, fault = decode(display_path(path), data)
        self._named.setdefault(source.path, name)
        if fault is not None:
            self.faults.append(self.at_home(fault))
            return None
        return _whole(source)

    def at_home(self, diagnostic: Diagnostic) -> Diagnostic:
        """Move what is found in a prompt file to where its narrative names it.

        A narrative file has its findings in itself; where the fault is in the prompt, a label says.
        """
        name = self._named.get(diagnostic.location.source.path)
        if name is None:
            return diagnostic
        label = Label(diagnostic.note or "here", diagnostic.location)
        return replace(
            diagnostic,
            location=name.location,
            note="in this file",
            labels=(label, *diagnostic.labels),
            fix=None,
        )


def _whole(source: Source) -> Text:
    """Return the whole text of a file as one string, each character at its own place."""
    length = len(source.text)
    string = StringMap(range(length), range(1, length + 1), 0, length)
    place = Place(Span(0, length), string=lambda: string)
    document = Document(source, lambda: place)
    return Text(source.text, Scalar(document, None, "", source.text, place))
