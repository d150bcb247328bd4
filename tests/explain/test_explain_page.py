"""The page is one file that fetches nothing, runs its own script alone, and holds together."""

import base64
import hashlib
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from click.testing import CliRunner

from botticelli.cli.main import cli

ROOT = Path(__file__).parents[2]
NEWSROOM = ROOT / "tests/explain/narratives/newsroom.toml"
VOID = {"meta", "link", "br", "img", "input", "hr"}
OWN_TEXT = {"script", "style"}


class Page(HTMLParser):
    """Reads a page and notes what a browser would: elements, attributes, texts of scripts."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.texts: dict[str, list[str]] = {}
        self.said = ""
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1] in OWN_TEXT:
            self.texts.setdefault(self._open[-1], []).append(data)
        else:
            self.said += data

    def values(self, name: str) -> list[str]:
        return [attrs[name] for _, attrs in self.elements if name in attrs]


def page_of(file: Path) -> Page:
    arguments = ["compile", "--explain", str(file), "--format", "html"]
    return Page(CliRunner().invoke(cli, arguments, catch_exceptions=False).stdout)


@pytest.fixture(scope="module")
def page() -> Page:
    return page_of(NEWSROOM)


@pytest.fixture(scope="module")
def sly(tmp_path_factory: pytest.TempPathFactory) -> Page:
    """A narrative that tries to become part of the page, wherever it is shown."""
    attack = "</script></style><script>alert(1)</script><img src=x onerror=alert(1)>\\\"'&{{ '<' }}"
    file = tmp_path_factory.mktemp("sly") / "sly.toml"
    file.write_text(
        f'[narrative]\nname = "<b>sly</b>"\ndescription = "{attack}"\nmax_tokens = 9\n'
        f'target = "t<i>"\n[toc]\norder = ["a<script>", "b"]\n[acts."a<script>"]\n'
        f'character = "c<i>"\nprompt = "{attack}"\n'
        f'[acts.b]\nwhen = "previous != \'</title><script>\'"\nprompt = "{attack}"\n'
        f'[characters."c<i>"]\npersona = "{attack}"\n',
        "utf-8",
    )
    return page_of(file)


def test_it_fetches_nothing(page: Page) -> None:
    addresses = [*page.values("href"), *page.values("src"), *page.values("xlink:href")]

    assert [each for each in addresses if not each.startswith("#")] == []
    assert "url(http" not in page.texts["style"][0]
    assert "@import" not in page.texts["style"][0]


def test_every_reference_within_it_leads_somewhere(page: Page) -> None:
    names = page.values("id")
    links = [each.removeprefix("#") for each in page.values("href")]
    labels = [name for each in page.values("aria-labelledby") for name in each.split()]

    assert len(names) == len(set(names))
    assert set(links) | set(labels) <= set(names)


def test_its_policy_admits_its_own_style_and_script_alone(page: Page) -> None:
    policy = next(
        attrs["content"]
        for tag, attrs in page.elements
        if tag == "meta" and attrs.get("http-equiv") == "Content-Security-Policy"
    )

    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy
    for tag in ("style", "script"):
        (text,) = page.texts[tag]
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy
    assert page.values("style") == []


def test_what_a_narrative_says_stays_text(sly: Page, page: Page) -> None:
    assert [tag for tag, _ in sly.elements if tag == "script"] == ["script"]
    assert sly.texts["script"] == page.texts["script"]
    assert "img" not in {tag for tag, _ in sly.elements}
    assert not any(name.startswith("on") for _, attrs in sly.elements for name in attrs)
    assert "</script></style><script>alert(1)</script>" in sly.said


def test_pieces_lead_to_the_source_and_say_their_share(page: Page) -> None:
    pieces = [attrs for _, attrs in page.elements if "data-about" in attrs]

    assert len(pieces) >= 15
    for attrs in pieces:
        assert attrs["href"] == f"#s-{attrs['data-piece']}"
        assert re.search(r" \d+:\d+ to \d+:\d+", attrs["data-about"])
    assert any("% of the request" in attrs["data-about"] for attrs in pieces)


def test_the_drawings_and_plots_can_be_reached_and_are_named(page: Page) -> None:
    for tag, attrs in page.elements:
        if tag == "svg":
            assert attrs["role"] in {"img", "group"}
            assert "aria-label" in attrs or "aria-labelledby" in attrs
    cards = [
        attrs for tag, attrs in page.elements if tag == "a" and "card" in attrs.get("class", "")
    ]
    plots = [attrs for tag, attrs in page.elements if "data-points" in attrs]
    assert len(cards) == 12
    assert len(plots) == 6
    assert all(attrs["tabindex"] == "0" for attrs in plots)


def test_keys_in_a_source_are_covered(tmp_path: Path) -> None:
    key = "ghp_" + "a1B2c3D4e5F6g7H8i9J0" * 2
    file = tmp_path / "leaky.toml"
    file.write_text(
        '[narrative]\nname = "leaky"\nmax_tokens = 9\n[toc]\norder = ["a"]\n'
        f'[acts]\na = "Use {key} for it."\n'
    )

    said = page_of(file).said

    assert "Use ghp_" in said
    assert key not in said
