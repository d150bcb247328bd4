"""Rules on `bots.N`, `tables.N` and `media.N`: defined where used, used where defined."""

from collections.abc import Iterator, Mapping

from botticelli.compiler.diagnostics import Edit, Fix, Label
from botticelli.compiler.narrative.fields import is_slip
from botticelli.compiler.narrative.model import Act, NarrativeFile, Reference, Resource
from botticelli.compiler.nearest import listing, nearest
from botticelli.compiler.rules.subject import Subject
from botticelli.grammar import catalogue

SECTIONS = ("bots", "tables", "media")


def check_resources(subject: Subject) -> None:
    """Unknown and unused resources."""
    sections = sections_of(subject.file)
    used: set[tuple[str, str]] = set()
    for act in acts_of_file(subject.file):
        for reference in references_of(act):
            if reference.kind not in sections:
                continue
            section = sections[reference.kind]
            if reference.name in section:
                used.add((reference.kind, reference.name))
            else:
                guess = _unknown_resource(reference, sections, subject)
                used.add((reference.kind, guess or ""))
    for kind, section in sections.items():
        for name, resource in section.items():
            if (kind, name) not in used:
                subject.reporter.report(
                    catalogue.UNUSED_RESOURCE,
                    resource.name.location,
                    f"`{kind}.{name}` is never used",
                    note="nothing refers to it",
                    help=f"name it as an input of an act, `{kind}.{name}`, or remove it",
                )


def sections_of(file: NarrativeFile) -> dict[str, Mapping[str, Resource]]:
    return {"bots": file.bots, "tables": file.tables, "media": file.media}


def acts_of_file(file: NarrativeFile) -> Iterator[Act]:
    """Yield every act of a file, shared and own, once."""
    yield from file.acts.values()
    for narrative in file.narratives:
        yield from narrative.acts.values()


def references_of(act: Act) -> Iterator[Reference]:
    return (item for item in act.inputs if isinstance(item, Reference))


def _unknown_resource(
    reference: Reference, sections: Mapping[str, Mapping[str, Resource]], subject: Subject
) -> str | None:
    """BOT202. Returns the name that was most likely meant."""
    name, kind = reference.name, reference.kind
    known = sections[kind]
    guess = nearest(name, known)
    elsewhere = [other for other in SECTIONS if name in sections[other]]
    labels = []
    help_text = None
    if guess is None and elsewhere:
        other = sections[elsewhere[0]][name]
        labels.append(Label(f"`{elsewhere[0]}.{name}` stands here", other.name.location))
        help_text = f"write `{elsewhere[0]}.{name}`"
    elif guess is None:
        names = f"; there are {listing(known)}" if known else ""
        help_text = f"define it as `[{kind}.{name}]`{names}"
    location = reference.name_location
    subject.reporter.report(
        catalogue.UNKNOWN_RESOURCE,
        location,
        f"`{kind}.{name}` is not defined",
        note=f"did you mean `{guess}`?" if guess else f"no `[{kind}.{name}]` in this file",
        labels=labels,
        help=help_text,
        fix=Fix(safe=is_slip(name, guess), edits=(Edit(location, guess),)) if guess else None,
    )
    return guess
