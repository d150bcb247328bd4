"""Which database is meant, and how it is called where others can read it: without its password."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlalchemy.engine import URL

DEFAULT_FILE = Path(".botticelli", "tables.sqlite")
"""The database of a project that names none, below the project's folder."""

KINDS = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}
_SCHEMES = {"sqlite": "sqlite", "postgres": "postgresql", "postgresql": "postgresql"}
_DRIVERS = {"sqlite": "sqlite", "postgresql": "postgresql+psycopg"}
_NAMES_HOST = re.compile(r"(sqlite[^:]*)://(?=[^/])", re.IGNORECASE)
HIDDEN = "***"
"""What stands in place of a password."""
_PASSWORD_KEY = r"(?:\w*password|passwd|pwd)"  # noqa: S105 - the name of one
_USER_INFO = re.compile(r"^(?!sqlite)((?:[\w+.-]+://)?[^:@]*:)(.*)@", re.DOTALL)
_SECRET_PARAMETER = re.compile(rf"([?&\s]{_PASSWORD_KEY}=)([^&\s]*)", re.IGNORECASE)


class DatabaseError(Exception):
    """A database cannot be reached or read; the message is for people and holds no password.

    `is_passing`: trying again may help, as no connection could be made, it broke, or another
    transaction stood in the way. `is_broken`: a connection broke, and what it did last is unknown.
    """

    def __init__(self, message: str, *, is_passing: bool = False, is_broken: bool = False) -> None:
        super().__init__(message)
        self.is_passing = is_passing
        self.is_broken = is_broken


def choose_url(
    given: str | None, environment: Mapping[str, str], configured: str | None, project: Path
) -> str:
    """Return the URL of the database: the one given, `DATABASE_URL`, `[database] url`, or the
    project's own SQLite file.

    A relative SQLite file in the configuration is relative to the project's folder.
    """
    chosen = given or environment.get("DATABASE_URL")
    if chosen:
        return chosen
    if configured:
        return _within(configured, project)
    return f"sqlite:///{project / DEFAULT_FILE}"


def _within(url: str, project: Path) -> str:
    scheme, separator, file = url.partition(":///")
    path, question, query = file.partition("?")
    if not separator or not path or scheme.partition("+")[0] != "sqlite" or ":memory:" in path:
        return url
    return f"{scheme}:///{project / path}{question}{query}"


def parse_url(text: str) -> "URL":
    """Read a URL, with the driver that is used for its kind of database. Raises DatabaseError."""
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError

    scheme, separator, _ = text.partition(":")
    kind = _SCHEMES.get(scheme.partition("+")[0].lower())
    if not separator or kind is None:
        raise DatabaseError(
            f"`{masked(text)}` is no URL of a database: expected `sqlite:///FILE` or "
            "`postgresql://USER@HOST/NAME`"
        )
    if kind == "sqlite" and _NAMES_HOST.match(text):
        file = _NAMES_HOST.sub(r"\1:///", text)
        raise DatabaseError(f"`{text}` names a host, and SQLite has none: write `{file}`")
    # With two `@`, part of the password would be taken for the host, and shown.
    ambiguous = kind == "postgresql" and text.partition("?")[0].count("@") > 1
    try:
        if not ambiguous:
            return make_url(_DRIVERS[kind] + text[len(scheme) :])
    except (ArgumentError, ValueError):
        pass
    raise DatabaseError(
        f"`{masked(text)}` is not a well-formed URL: in user and password, `@`, `:`, `/`, `?` "
        "and `#` are written as %40, %3A, %2F, %3F and %23"
    )


def holds_password(url: str) -> bool:
    """Whether a URL holds a password, or may hold one, as it cannot be read."""
    try:
        parsed = parse_url(url)
    except DatabaseError:
        return True
    secret = any(re.fullmatch(_PASSWORD_KEY, key, re.IGNORECASE) for key in parsed.query)
    return secret or parsed.password is not None


def masked(url: str) -> str:
    """Return a URL with every password in it replaced by `***`, also where it is malformed."""
    return _SECRET_PARAMETER.sub(rf"\1{HIDDEN}", _USER_INFO.sub(rf"\1{HIDDEN}@", url))


def without_secrets(message: str, url: "URL") -> str:
    """Return the first line of what a driver says, with the URL's passwords replaced."""
    from urllib.parse import quote, quote_plus

    line = message.strip().partition("\n")[0]
    secrets = [url.password] if url.password else []
    for key, value in url.query.items():
        if re.fullmatch(_PASSWORD_KEY, key, re.IGNORECASE):
            secrets += [value] if isinstance(value, str) else value
    for secret in filter(None, secrets):
        for form in (str(secret), quote(str(secret), safe=""), quote_plus(str(secret))):
            line = line.replace(form, HIDDEN)
    return masked(line)
