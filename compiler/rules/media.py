"""Rules on media and prompt files: that they exist, tell their kind, and suit the model."""

from collections.abc import Iterator
from pathlib import Path

from botticelli.compiler.diagnostics import Anchor
from botticelli.compiler.narrative.located import Text
from botticelli.compiler.narrative.model import Act, Conduct, Media, Narrative, Reference, TextInput
from botticelli.compiler.nearest import listing
from botticelli.compiler.rules.resources import acts_of_file
from botticelli.compiler.rules.subject import Subject
from botticelli.compiler.semantics.media import inline_limit, mime_of, name_in, taken_kinds
from botticelli.compiler.semantics.templates import has_tags
from botticelli.grammar import catalogue


def check_media(subject: Subject) -> None:
    """BOT701 to BOT704."""
    for media in _media_of(subject):
        _check_file(media, subject)
        if _is_read(media) and not _tells_type(media):
            _report_unknown_type(media, subject)
    for text in _prompt_files(subject):
        _existing(text, subject, "the prompt's file")
    for act in acts_of_file(subject.file):
        for anchor, media in _shown(act, subject):
            _check_model(act, anchor, media, subject)


def _media_of(subject: Subject) -> Iterator[Media]:
    for resource in subject.file.media.values():
        if isinstance(resource.input, Media):
            yield resource.input
    for act in acts_of_file(subject.file):
        yield from (item for item in act.inputs if isinstance(item, Media))


def _prompt_files(subject: Subject) -> Iterator[Text]:
    for act in acts_of_file(subject.file):
        for item in act.inputs:
            if isinstance(item, TextInput) and item.file is not None:
                yield item.file


def _check_file(media: Media, subject: Subject) -> None:
    if media.file is not None and not has_tags(media.file.value) and "$" not in media.file.value:
        _existing(media.file, subject, "the file")


def _existing(text: Text, subject: Subject, what: str) -> Path | None:
    """BOT701. Returns the path of a file that is there."""
    path = subject.unit.path.parent / text.value
    if subject.workspace.files.is_file(path):
        return path
    is_folder = subject.workspace.files.is_folder(path)
    subject.reporter.report(
        catalogue.MEDIA_NOT_FOUND,
        text.location,
        f"{what} does not exist: {text.value}" if not is_folder else f"{text.value} is a folder",
        note="not found" if not is_folder else "expected a file",
        help="paths are relative to the narrative's own folder",
    )
    return None


def _is_read(media: Media) -> bool:
    """Tell whether what could tell the kind was read; else that is the fault."""
    sources = (media.url, media.file, media.base64)
    unread = media.mime is None and "mime" in media.node.entries
    return not unread and any(source is not None for source in sources)


def _tells_type(media: Media) -> bool:
    """Tell whether the MIME type of a medium is known: said, or told by a name."""
    if media.mime is not None:
        return media.kind is not None
    names = [media.filename.value] if media.filename is not None else []
    source = media.file or media.url
    if source is not None:
        names.append(name_in(source.value))
    return any(map(mime_of, names))


def _report_unknown_type(media: Media, subject: Subject) -> None:
    anchor: Anchor = media.filename or media.file or media.url or media.base64 or media.node
    if media.file is not None and (has_tags(media.file.value) or "$" in media.file.value):
        anchor = media.file
    subject.reporter.report(
        catalogue.MEDIA_TYPE_UNKNOWN,
        anchor.location,
        "nothing tells whether this is an image, audio, video or a document"
        if media.kind is None
        else f"nothing tells of which MIME type this {media.kind} is",
        note="of which kind?" if media.kind is None else "of which type?",
        help='add `mime`, for example `mime = "image/png"`',
    )


def _shown(act: Act, subject: Subject) -> Iterator[tuple[Anchor, Media]]:
    """Yield the media of an act, each with the place where the act shows it."""
    for item in act.inputs:
        if isinstance(item, Media):
            yield item.node, item
        elif isinstance(item, Reference) and item.kind == "media":
            resource = subject.file.media.get(item.name)
            if resource is not None and isinstance(resource.input, Media):
                yield item, resource.input


def _check_model(act: Act, anchor: Anchor, media: Media, subject: Subject) -> None:
    """BOT703 and BOT704, once for each model that some narrative gives the act."""
    for model in sorted(_models_of(act, subject)):
        kinds = taken_kinds(model)
        if media.kind is not None and kinds is not None and media.kind not in kinds:
            subject.reporter.report(
                catalogue.MEDIA_UNSUPPORTED,
                anchor.location,
                f"`{model}` takes no {media.kind}",
                note=f"this is {'an' if media.kind[0] in 'aeiou' else 'a'} {media.kind}",
                help=f"it takes {listing(sorted(kinds)) if kinds else 'text alone'}",
            )
            continue
        limit, size = inline_limit(model), _size(media, subject)
        if limit is not None and size is not None and size > limit:
            subject.reporter.report(
                catalogue.MEDIA_TOO_LARGE,
                anchor.location,
                f"{size / 1_000_000:.1f} MB is more than `{model}` takes within a request "
                f"({limit / 1_000_000:.0f} MB)",
                note="too large to be sent inline",
            )


def _models_of(act: Act, subject: Subject) -> set[str]:
    character = subject.file.characters.get(act.character.value) if act.character else None
    default = subject.workspace.configuration.defaults.settings.model
    found = set()
    for narrative in subject.file.narratives:
        if subject.file.acts_of(narrative).get(act.name.value) is act:
            model = _model(act, character.conduct if character else Conduct(), narrative)
            if model or default:
                found.add(model or default or "")
    return found


def _model(act: Act, character: Conduct, narrative: Narrative) -> str | None:
    for conduct in (act.conduct, character, narrative.conduct):
        if conduct.settings.model is not None:
            return conduct.settings.model.value
    return None


def _size(media: Media, subject: Subject) -> int | None:
    """The bytes of a medium that is sent inline, as far as they are known."""
    if media.base64 is not None:
        return len(media.base64.value) * 3 // 4
    if media.file is None:
        return None
    return subject.workspace.files.size(subject.unit.path.parent / media.file.value)
