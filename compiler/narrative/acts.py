"""Reading acts: the short forms, the full form, and `[[act]]` with scenes."""

from collections.abc import Mapping

from botticelli.compiler.diagnostics import Label
from botticelli.compiler.narrative.fields import USER_KEY_PREFIX, Fields
from botticelli.compiler.narrative.inputs import (
    TELLING_KEYS,
    is_nothing,
    read_inputs,
    report_no_input,
)
from botticelli.compiler.narrative.located import Key, Name, Text
from botticelli.compiler.narrative.model import Act, Input, OutputFields
from botticelli.compiler.narrative.resources import read_output_fields
from botticelli.compiler.narrative.settings import read_carousel_at, read_conduct
from botticelli.compiler.reporter import Reporter
from botticelli.compiler.syntax.nodes import Array, Node, Scalar, Table
from botticelli.grammar import catalogue


def read_acts(table: Table, reporter: Reporter) -> dict[str, Act]:
    """Read `[acts]`: each entry an act in one of its forms."""
    acts = {}
    for name, node in table:
        if not name.startswith(USER_KEY_PREFIX):
            acts[name] = _read_act(Key(table, name), node, reporter)
    return acts


def _read_act(name: Key, node: Node, reporter: Reporter) -> Act:
    if isinstance(node, Table):
        fields = Fields(node, reporter, f"act `{name.value}`")
        fields.text("act_name")
        act = _read_full(name, fields)
        fields.finish()
        return act
    is_text = isinstance(node, Scalar) and isinstance(node.value, str)
    if isinstance(node, Array) or is_text or is_nothing(node):
        return Act(name=name, node=node, inputs=read_inputs(node, reporter, name.value))
    Fields(name.table, reporter, "[acts]").wrong_type(
        node, f"act `{name.value}`", "a prompt, an array of inputs or a table"
    )
    return Act(name=name, node=node)


def read_scenes(array: Array, name_keys: tuple[str, ...], reporter: Reporter) -> tuple[Act, ...]:
    """Read `[[act]]` (named by `act_name`) or `[[acts]]` (named by `name` as well).

    Returns them in order of `scene`, then of the file; one without a scene follows the one
    written before it.
    """
    acts: dict[str, Act] = {}
    scenes: list[tuple[int, Act]] = []
    scene = 0
    for node in array.items:
        if not isinstance(node, Table):
            Fields(array.document.root, reporter, "the file").wrong_type(
                node, f"each item of `{array.key}`", "a table"
            )
            continue
        act = _read_scene(node, name_keys, reporter)
        if act is None:
            continue
        first = acts.setdefault(act.name.value, act)
        if first is not act:
            report_duplicate(act.name, first.name, "act", reporter)
            continue
        scene = act.scene.value if act.scene else scene
        scenes.append((scene, act))
    return tuple(act for _, act in sorted(scenes, key=lambda pair: pair[0]))


def _read_scene(node: Table, name_keys: tuple[str, ...], reporter: Reporter) -> Act | None:
    named = next((node.entries[key] for key in name_keys if key in node.entries), None)
    called = named.value if isinstance(named, Scalar) else None
    where = f"act `{called}`" if isinstance(called, str) else "an act"
    fields = Fields(node, reporter, where)
    if "name" not in name_keys:
        fields.also_called("act_name", "name")
    fields.require(*name_keys)
    key = fields.first_of(*name_keys)
    name = fields.text(key) if key else None
    if name is not None and not name.value.strip():
        fields.bad_value(name.node, "an act's name is blank")
        name = None
    # A table without a name is still read: what is wrong in it is wrong whatever it is called.
    act = _read_full(name or Text("", Scalar(node.document, node, name_keys[0], "")), fields)
    fields.finish()
    return act if name is not None else None


def _read_full(name: Name, fields: Fields) -> Act:
    keys = [key for key in ("prompt", "input", "inputs") if key in fields]
    fields.first_of("prompt", "input", "inputs")
    call = fields.first_of("narrative", "narrative_ref")
    if keys and call:
        fields.conflict(keys[0], call)
    called = fields.text(call) if call else None
    if called is not None and not called.value.strip():
        fields.bad_value(called.node, f"`{call}` is empty")
        called = None
    # Where keys exclude each other all are read, for what else is wrong in them.
    inputs = tuple(item for key in keys for item in _read_inputs(name.value, key, fields))
    stray = _report_stray_keys(fields)
    if not keys and not call and not stray:
        location = name.location if isinstance(name, Key) else fields.table.location
        fields.expect(
            ("prompt", "input", "inputs", "narrative", "narrative_ref"),
            lambda: report_no_input(fields.where, location, fields.reporter),
        )
    scene = fields.integer("scene")
    if "with" in fields and not call:
        fields.misplaced(["with"], 'it stands beside `narrative = "…"`, for what that one is given')
    arguments = fields.sub("with")
    description = fields.scalar("description")
    return Act(
        name=name,
        node=fields.table,
        inputs=inputs,
        narrative=called,
        arguments=arguments.table if arguments else None,
        character=fields.text("character"),
        scene=scene,
        conduct=read_conduct(fields),
        carousel=read_carousel_at(fields, "carousel", f"the carousel of {fields.where}"),
        when=fields.text("when"),
        output=_read_output(fields),
        extract_output=fields.boolean("extract_output"),
        max_bytes=fields.integer("max_bytes", 1),
        description=description,
    )


def _report_stray_keys(fields: Fields) -> bool:
    """BOT103, once, for keys of an input that stand at the act itself. Tells whether there are any:
    that the act has no input is then no further fault."""
    stray = [key for key in fields.table.entries if key in TELLING_KEYS]
    if stray:
        written = ", ".join(f"{key} = …" for key in stray)
        fields.misplaced(stray, f"it belongs into an input: `input = [{{ {written} }}]`")
    return bool(stray)


def _read_inputs(act: str, key: str, fields: Fields) -> tuple[Input, ...]:
    node = fields.node(key)
    assert node is not None
    if is_nothing(node):
        return read_inputs(node, fields.reporter, act)
    if key == "prompt" and not _is_text(fields, "prompt"):
        fields.wrong_type(node, "`prompt`", "a string")
        return ()
    if not isinstance(node, Array | Table) and not _is_text(fields, key):
        fields.wrong_type(node, f"`{key}`", "a string, a table or an array of them")
        return ()
    return read_inputs(node, fields.reporter, act)


def _is_text(fields: Fields, key: str) -> bool:
    node = fields.table.entries.get(key)
    return isinstance(node, Scalar) and isinstance(node.value, str)


def _read_output(fields: Fields) -> Text | OutputFields | None:
    node = fields.node("output")
    if node is None:
        return None
    if isinstance(node, Table):
        return fields.read("output", read_output_fields, f"the output of {fields.where}")
    if isinstance(node, Scalar) and isinstance(node.value, str):
        return fields.text("output")
    fields.wrong_type(node, "`output`", "a type or a table of fields")
    return None


def merge_acts(
    named: Mapping[str, Act], scenes: tuple[Act, ...], reporter: Reporter
) -> dict[str, Act]:
    """Put acts from `[acts]` and `[[act]]` of one file together; a name in both is a duplicate."""
    acts = dict(named)
    for act in scenes:
        first = acts.setdefault(act.name.value, act)
        if first is not act:
            report_duplicate(act.name, first.name, "act", reporter)
    return acts


def report_duplicate(second: Name, first: Name, what: str, reporter: Reporter) -> None:
    reporter.report(
        catalogue.DUPLICATE_KEY,
        second.location,
        f"{what} `{second.value}` is defined twice",
        note="defined again here",
        labels=[Label("first defined here", first.location)],
    )
