"""Rules on `bots.N`, `tables.N` and `media.N`: defined where used, used where defined."""

from collections.abc import Iterator, Mapping

from botticelli.compiler.diagnostics import Label
from botticelli.compiler.narrative.model import Act, NarrativeFile, Reference, Resource
from botticelli.compiler.nearest import Names, listing
from botticelli.compiler.renaming import renaming
from botticelli.compiler.rules.mentions import mentioned_resources
from botticelli.compiler.rules.subject import Subject
from botticelli.grammar import catalogue

SECTIONS = ("bots", "tables", "media")


def check_resources(subject: Subject) -> None:
    """Unknown and unused resources."""
    sections = sections_of(subject.file)
    names = {kind: Names(section) for kind, section in sections.items()}
    used: set[tuple[str, str]] = set()
    for act in acts_of_file(subject.file):
        for reference in references_of(act):
            kind, name = reference.kind, reference.name
            if kind not in sections:
                continue
            if name in sections[kind]:
                used.add((kind, name))
            elif not subject.file.may_hold(kind, name):
                guess = names[kind].nearest(name)
                used.add((kind, guess or ""))
                _report_unknown(reference, guess, sections, subject)
    if subject.unit.diagnostics:
        # An input may have been passed over: what it mentions is not unused.
        used |= mentioned_resources(subject.file.document.root)
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


def _report_unknown(
    reference: Reference,
    guess: str | None,
    sections: Mapping[str, Mapping[str, Resource]],
    subject: Subject,
) -> None:
    """BOT202, with the name that was most likely meant."""
    name, kind = reference.name, reference.kind
    known = sections[kind]
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
        fix=renaming(location, name, guess),
    )
