"""The forms of known kinds of keys, and hiding them wherever text is shown.

A form counts only where it is distinctive: a prefix that nothing else bears, or a structure that
text does not have by chance. What is plainly a placeholder (`sk-XXXX`, `ghp_your_token_here`) is
none. Forms are those that the issuers document, or that they print on every key.
"""

import re
from collections.abc import Iterable, Iterator
from functools import cached_property

from msgspec import Struct

SECRET_WORDS = frozenset({"TOKEN", "KEY", "SECRET", "PASSWORD"})
"""A variable of the environment holds a secret if one of these is a whole word of its name."""


class Secret(Struct, frozen=True):
    """A key at `text[start:end]`; what stands before `hidden` tells its kind and may be shown."""

    kind: str
    start: int
    hidden: int
    end: int


class _Form:
    """One kind of key. One of ``signs`` stands in every text that holds one.

    The group of ``pattern`` is what to hide. Most texts hold no sign, and the pattern is compiled
    when one is seen.
    """

    def __init__(self, kind: str, signs: str, pattern: str) -> None:
        self.kind = kind
        self.signs = signs.split()
        self._pattern = pattern

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        return re.compile(rf"(?<![A-Za-z0-9_]){self._pattern}(?![A-Za-z0-9_])")

    def is_possible(self, text: str) -> bool:
        return any(sign in text for sign in self.signs)


_WORD = r"[A-Za-z0-9_-]"
_FORMS = (
    _Form("an Anthropic key", "sk-ant-", rf"sk-ant-(?:[a-z]+\d\d-)?({_WORD}{{20,300}})"),
    _Form("an OpenRouter key", "sk-or-", rf"sk-or-v1-({_WORD}{{32,128}})"),
    _Form("an OpenAI key", "sk-", rf"sk-(?:proj|svcacct|admin|service|None)-({_WORD}{{20,300}})"),
    _Form("an OpenAI key", "sk-", r"sk-(?=[A-Za-z]*\d)([A-Za-z0-9]{20,100})(?!-)"),
    _Form("a Google API key", "AIza", rf"AIza({_WORD}{{30,40}})"),
    _Form("a Google client secret", "GOCSPX-", rf"GOCSPX-({_WORD}{{24,40}})"),
    _Form("a GitHub token", "ghp_ gho_ ghu_ ghs_ ghr_", r"gh[pousr]_([A-Za-z0-9]{30,255})"),
    _Form("a GitHub token", "github_pat_", r"github_pat_([A-Za-z0-9_]{22,255})"),
    _Form("a GitLab token", "glpat-", rf"glpat-({_WORD}{{20,64}})"),
    _Form("a Slack token", "xox", r"xox[abeoprs]-([A-Za-z0-9-]{10,255})"),
    _Form("a Slack token", "xapp-", r"xapp-([A-Za-z0-9-]{20,255})"),
    _Form(
        "a Slack webhook",
        "hooks.slack.com/",
        r"hooks\.slack\.com/services/(T[A-Z0-9]{6,12}/B[A-Z0-9]{6,12}/[A-Za-z0-9]{20,32})",
    ),
    _Form(
        "a Discord webhook",
        "/api/webhooks/",
        rf"discord(?:app)?\.com/api/webhooks/\d{{15,20}}/({_WORD}{{60,80}})",
    ),
    _Form("a Discord bot token", ".", rf"([MNO]{_WORD}{{23,27}}\.{_WORD}{{6}}\.{_WORD}{{27,45}})"),
    _Form("an AWS access key", "AKIA ASIA ABIA ACCA", r"(?:AKIA|ASIA|ABIA|ACCA)([A-Z0-9]{16})"),
    _Form("a Stripe key", "sk_ rk_", r"[sr]k_(?:live|test|prod)_([A-Za-z0-9]{16,255})"),
    _Form("a Stripe webhook secret", "whsec_", r"whsec_([A-Za-z0-9+/=]{24,64})"),
    _Form("a Hugging Face token", "hf_", r"hf_([A-Za-z0-9]{30,40})"),
    _Form("a Groq key", "gsk_", r"gsk_([A-Za-z0-9]{40,64})"),
    _Form("an xAI key", "xai-", r"xai-([A-Za-z0-9]{60,100})"),
    _Form("an npm token", "npm_", r"npm_([A-Za-z0-9]{36})"),
    _Form("a PyPI token", "pypi-", rf"pypi-(AgE{_WORD}{{50,255}})"),
    _Form("a SendGrid key", "SG.", rf"SG\.({_WORD}{{22}}\.{_WORD}{{43}})"),
    _Form("a Telegram bot token", ":AA", rf"\d{{8,10}}:(AA{_WORD}{{32,35}})"),
    _Form(
        "a JSON Web Token",
        "eyJ",
        rf"(eyJ{_WORD}{{8,2000}}\.eyJ{_WORD}{{8,4000}}\.{_WORD}{{16,1000}})",
    ),
)
_PRIVATE_KEY = re.compile(
    r"-----BEGIN (?:[A-Z0-9]{1,20} ){0,4}PRIVATE KEY(?: BLOCK)?-----"
    r"(?P<body>(?:[A-Za-z0-9+/=\s\\:,]|-(?!-----END)){40,})"
)
_PLACEHOLDER = re.compile(
    r"x{4}|\*{3}|\.{3}|0{8}|1234567890123456|your[-_]|[-_]here|example|placeholder|redacted|dummy"
    r"|change[-_]?me|insert[-_]|replace[-_]|goes[-_]here",
    re.IGNORECASE,
)
_WORDS = re.compile(r"[a-z]{1,14}(?:[-_][a-z]{1,14})*|[A-Z]{1,14}(?:[-_][A-Z]{1,14})*")
_FEWEST_CHARACTERS = 6
_ESCAPE = re.compile(r"\\.", re.DOTALL)
_TELLING = 8
"""Characters of a key that are too many to show."""


def find_secrets(text: str) -> list[Secret]:
    """Return the keys that a text holds, in order and without overlap."""
    if len(text) < 16:
        return []
    found = sorted(_candidates(text), key=lambda secret: (secret.start, -secret.end))
    apart: list[Secret] = []
    for secret in found:
        if not apart or secret.start >= apart[-1].end:
            apart.append(secret)
    return apart


def _candidates(text: str) -> Iterator[Secret]:
    for form in _FORMS:
        if form.is_possible(text):
            for match in form.pattern.finditer(text):
                if not _is_placeholder(match[1]):
                    yield Secret(form.kind, match.start(), match.start(1), match.end())
    if "PRIVATE KEY" in text:
        for match in _PRIVATE_KEY.finditer(text):
            if not _is_placeholder(match["body"].strip()[:200]):
                yield Secret("a private key", match.start(), match.start("body"), match.end())


def _is_placeholder(body: str) -> bool:
    """Tell what only shows where a key would stand from a key: words, or hardly any variety."""
    if len(set(body.casefold())) < _FEWEST_CHARACTERS:
        return True
    return _PLACEHOLDER.search(body) is not None or _WORDS.fullmatch(body) is not None


def hidden_ranges(source: str) -> set[tuple[int, int]]:
    """Return what is not to be shown of a source text, in which strings may have escapes."""
    found = find_secrets(source)
    if "\\" in source:  # the letter of an escape, as of `\n`, hides that a key begins behind it
        found += find_secrets(_ESCAPE.sub("  ", source))
    return {(secret.hidden, secret.end) for secret in found}


def concealed(source: str) -> str:
    """Return a source text of the same length and lines in which every key is starred out."""
    return masked(source, hidden_ranges(source))


def masked(text: str, ranges: Iterable[tuple[int, int]]) -> str:
    """Return text of the same length and lines with some ranges of it starred out."""
    parts: list[str] = []
    position = 0
    for start, end in sorted(ranges):
        if end > position:
            first = max(start, position)
            parts += (text[position:first], re.sub(r"[^\r\n]", "*", text[first:end]))
            position = end
    return "".join([*parts, text[position:]]) if parts else text


class Concealer:
    """Takes keys out of words that are said about a text that holds them."""

    def __init__(self, keys: Iterable[str]) -> None:
        self._by_head: dict[str, list[str]] = {}
        for key in dict.fromkeys(keys):
            self._by_head.setdefault(key[:_TELLING], []).append(key)

    def conceals(self, key: str) -> bool:
        return key in self._by_head.get(key[:_TELLING], ())

    def without_keys(self, text: str) -> str:
        """Return a text in which none of the keys can be read, nor the beginning of one."""
        parts: list[str] = []
        shown = at = 0
        while self._by_head and at <= len(text) - _TELLING:
            keys = self._by_head.get(text[at : at + _TELLING])
            if keys is None:
                at += 1
                continue
            parts += (text[shown:at], "***")
            shown = at = at + max(_common(key, text[at : at + len(key)]) for key in keys)
        return "".join([*parts, text[shown:]]) if parts else text


def _common(first: str, second: str) -> int:
    pairs = enumerate(zip(first, second, strict=False))
    return next((at for at, (a, b) in pairs if a != b), min(len(first), len(second)))


def names_secret(variable: str) -> bool:
    """Tell whether the name of a variable says that it holds a secret."""
    return not SECRET_WORDS.isdisjoint(variable.upper().split("_"))
