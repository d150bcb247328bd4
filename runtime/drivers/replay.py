"""The driver that answers from a cassette: free, at once, and the same every time.

`replay:file=tests/tale.jsonl` gives what `record` has written. Nobody is asked, so there are no
limits to keep and nothing to pay.
"""

from msgspec.structs import replace

from botticelli.compiler.semantics.limits import Limits
from botticelli.compiler.semantics.providers import ModelFacts, Providers
from botticelli.runtime.drivers.cassettes import Cassette, CassetteError, Scribe, read_cassette
from botticelli.runtime.drivers.protocol import (
    Capabilities,
    DriverSettings,
    ModelAnswer,
    ModelRequest,
)
from botticelli.runtime.drivers.record import cassette_path
from botticelli.runtime.problems import Problem, SetupError


class ReplayDriver:
    """Answers from a cassette."""

    name = "replay"
    account = None
    simulated = True

    def __init__(self, cassette: Cassette, file: str, providers: Providers, scribe: Scribe) -> None:
        header = cassette.header
        self.provider = header.provider
        self.default_model = header.default_model
        # A run asks differently for what a driver cannot do: the replay can do the same.
        self.capabilities = Capabilities(
            media=frozenset(header.media),
            linked_media=frozenset(header.linked_media),
            structured_output=header.structured_output,
        )
        self._cassette = cassette
        self._file = file
        self._providers = providers
        self._scribe = scribe

    def rate_limits(self, model: str) -> ModelFacts:
        facts = self._providers.facts(self.provider, None, model)
        return replace(facts, limits=Limits(), input_price=0.0, output_price=0.0)

    async def generate(self, request: ModelRequest) -> ModelAnswer:
        return self._cassette.answer(self._scribe.describe(request), self._file)

    async def close(self) -> None:
        pass


def open_driver(settings: DriverSettings) -> ReplayDriver:
    """Return the driver. Raises SetupError for a bad option or a cassette that cannot be read."""
    options = dict(settings.options)
    path = cassette_path(settings, options, "replay")
    for name in options:
        message = f"the replay driver knows no option {name!r}"
        raise SetupError(Problem(message, usage=True, name=name, known=("file",)))
    try:
        cassette = read_cassette(path)
    except CassetteError as error:
        raise SetupError(Problem(str(error))) from error
    file = settings.options["file"]
    return ReplayDriver(cassette, file, settings.providers, Scribe(settings.environment))
