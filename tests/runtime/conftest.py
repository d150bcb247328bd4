"""A local Gemini for the tests of the driver and of the command line."""

from collections.abc import Iterator

import pytest
from servers.gemini import GeminiServer, serving


@pytest.fixture
def gemini() -> Iterator[GeminiServer]:
    with serving() as server:
        yield server
        assert server.complaints == []
