"""`schema.lock.toml`: the tables of a real database, as `botticelli schema pull` found them.

The file has a table `[tables.NAME]` for each, with `primary_key` and `defaults` (arrays of columns)
where there are any, and `[tables.NAME.columns]` with the type of each column in the language's own
notation. Two words stand here that no author can write: `interval`, and `unknown` for a type that
the language has no word for. It holds nothing of where the database is.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path

from botticelli.compiler.faults import to_diagnostic
from botticelli.compiler.ir import types as ir
from botticelli.compiler.narrative.fields import Fields
from botticelli.compiler.narrative.located import Text
from botticelli.compiler.reporter import Reporter
from botticelli.compiler.semantics.tables import DatabaseTable
from botticelli.compiler.workspace.discovery import LOCK_FILE
from botticelli.compiler.workspace.documents import read_document
from botticelli.compiler.workspace.files import CONTENT, Files

_HEADER = """\
The tables of a project's database ({database}), as `botticelli schema pull` found them.
Pull again instead of editing; `botticelli schema diff` shows what has changed since.
"""
_ONLY_HERE: dict[str, ir.Type] = {"interval": ir.Interval(), "unknown": ir.Unknown()}


def read_lock_file(project: Path, files: Files) -> Mapping[str, DatabaseTable] | None:
    """Return the tables of a project's lock file; None where there is none that can be read.

    What is wrong in it is reported where the file itself is checked.
    """
    path = project / LOCK_FILE
    return read_lock(path, Reporter(), files) if files.is_file(path) else None


def read_lock(path: Path, reporter: Reporter, files: Files) -> Mapping[str, DatabaseTable] | None:
    """Read a lock file and report what is wrong in it; None when it cannot be read as TOML."""
    files.note([(CONTENT, str(path))])
    document = read_document(path, files)
    reporter.extend(document.faults)
    if not document.intact:
        return None
    fields = Fields(document.root, reporter, LOCK_FILE)
    tables = fields.sub("tables", "[tables]")
    fields.finish()
    return dict(_read_tables(tables)) if tables else {}


def _read_tables(tables: Fields) -> Iterator[tuple[str, DatabaseTable]]:
    """Every name may be a table's here: none is a user's own for how it begins."""
    for name, _ in tables.table:
        table = tables.read(name, _read_table, f"table `{name}`")
        if table is not None:
            yield name, table


def _read_table(fields: Fields) -> DatabaseTable:
    fields.require("columns", takes=None)
    written = fields.sub("columns", f"the columns of {fields.where}")
    columns: dict[str, ir.Type] = {}
    for name, _ in written.table if written else ():
        text = written.text(name) if written else None
        columns[name] = _read_type(text, fields.reporter) if text else ir.Unknown()
    return DatabaseTable(
        columns=columns,
        primary_key=_read_columns("primary_key", fields, columns),
        defaults=_read_columns("defaults", fields, columns),
    )


def _read_columns(key: str, fields: Fields, columns: Mapping[str, ir.Type]) -> tuple[str, ...]:
    texts = fields.texts(key) or ()
    for text in texts:
        if text.value not in columns:
            fields.bad_value(
                text.node, f"{fields.where} has no column `{text.value}`", note="no such column"
            )
    return tuple(text.value for text in texts)


def _read_type(text: Text, reporter: Reporter) -> ir.Type:
    bare = text.value.removesuffix("?")
    if bare in _ONLY_HERE:
        kind = _ONLY_HERE[bare]
        return ir.Optional(kind) if bare != text.value else kind
    from botticelli.compiler.languages.types import parse_type, resolve

    parsed = parse_type(text.value)
    faults = list(parsed.faults)
    kind = ir.Unknown()
    if parsed.tree is not None and not faults:
        kind, unresolved = resolve(parsed.tree, {})
        faults.extend(unresolved)
    reporter.extend(to_diagnostic(fault, text.node) for fault in faults)
    return kind


# Writing


def write_lock(tables: Mapping[str, DatabaseTable], database: str) -> str:
    """Return the lock file of a ``database`` (its kind, as people call it), tables by name."""
    import tomlkit

    document = tomlkit.document()
    for line in _HEADER.format(database=database).splitlines():
        document.add(tomlkit.comment(line))
    every = tomlkit.table(is_super_table=True)
    for name in sorted(tables):
        table = tables[name]
        lists = {"primary_key": table.primary_key, "defaults": table.defaults}
        written = {key: list(columns) for key, columns in lists.items() if columns}
        entry = tomlkit.table(is_super_table=not written)
        for key, columns in written.items():
            entry.add(key, columns)
        columns_of = tomlkit.table()
        for column, kind in table.columns.items():
            columns_of.add(column, notation(kind))
        entry.add("columns", columns_of)
        every.add(name, entry)
    document.add("tables", every)
    return tomlkit.dumps(document)


def notation(kind: ir.Type) -> str:
    """Write the type of a column so that it reads back as the same type."""
    match kind:
        case ir.Optional(of=of):
            return f"{notation(of)}?"
        case ir.List(item=item):
            return f"list[{notation(item)}]"
        case ir.Enum(values=values):
            return f"enum({', '.join(_literal(value) for value in values)})"
        case ir.Text(minimum=low, maximum=high) | ir.Int(minimum=low, maximum=high):
            word = "text" if isinstance(kind, ir.Text) else "int"
            if low is None and high is None:
                return word
            return f"{word}({'' if low is None else low}..{'' if high is None else high})"
    return str(kind.__struct_config__.tag)


def _literal(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
