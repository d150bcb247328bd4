"""A program narrowed by the command line: one act of it alone, tighter or wider caps."""

from msgspec.structs import replace

from botticelli.compiler.ir.program import Caps, Narrative, Program, RunAct, Sequence


def alone(program: Program, act: str) -> Program:
    """Return the program that runs one act of its entry, and nothing before or after it.

    In a carousel it is the first iteration of one. The bounds of the whole are not its own.
    """
    narrative = program.narratives[program.entry]
    step = RunAct(act=act, place=narrative.acts[act].place)
    order = Sequence(steps=(step,), place=narrative.order.place)
    carousel = narrative.carousel
    if carousel is not None:
        carousel = replace(carousel, iterations=1, every=None)
    narrowed = replace(program, bounds=None)
    return _with_entry(narrowed, replace(narrative, order=order, carousel=carousel))


def capped(program: Program, caps: Caps) -> Program:
    """Return the program with caps of the command line in place of those of its entry. Its bounds
    are others then."""
    if caps == Caps():
        return program
    narrative = program.narratives[program.entry]
    given = {name: value for name in caps.__struct_fields__ if (value := getattr(caps, name))}
    limits = replace(narrative.limits, **given)
    return _with_entry(replace(program, bounds=None), replace(narrative, limits=limits))


def belongs_to(address: str, act: str) -> bool:
    """Tell whether an effect at an address is one of an act of the entry, or of what it calls."""
    own, _, _ = address.partition("/call-")
    return f"/{act}/" in f"/{own}/"


def _with_entry(program: Program, narrative: Narrative) -> Program:
    return replace(program, narratives={**program.narratives, program.entry: narrative})
