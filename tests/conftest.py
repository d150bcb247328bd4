"""Servers that tests of several folders share, each started once a session; and a configuration of
the user's, so that no test depends on that of whoever runs it."""

from collections.abc import Iterator

import pytest
from servers.postgres import postgres

__all__ = ["postgres"]


@pytest.fixture(scope="session", autouse=True)
def _configuration_of_the_user(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Answers have a bound here, so that the tests of other rules need not give one each time."""
    base = tmp_path_factory.mktemp("of-the-user")
    (base / "botticelli").mkdir()
    (base / "botticelli" / "botticelli.toml").write_text("[defaults]\nmax_tokens = 500\n", "utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CONFIG_HOME", str(base))
        yield
