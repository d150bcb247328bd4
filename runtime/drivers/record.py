"""The driver that stands around another and keeps what is answered in a cassette.

`record:driver=gemini,file=tests/tale.jsonl` asks gemini and writes; `replay:file=tests/tale.jsonl`
then answers from the file. Options that are not of this table are the other driver's.

| option | meaning |
|---|---|
| `driver=NAME` | the driver that is asked |
| `file=PATH` | the cassette, relative to the project |
| `add=true` | go on in the cassette instead of beginning it anew |
"""

from collections.abc import Callable, Mapping
from pathlib import Path

from msgspec.structs import replace

from botticelli.compiler.semantics.configuration import DriverConfiguration
from botticelli.compiler.semantics.providers import ModelFacts
from botticelli.runtime.drivers.cassettes import (
    CassetteError,
    CassetteWriter,
    Header,
    Scribe,
    may_be_replaced,
    read_cassette,
)
from botticelli.runtime.drivers.protocol import (
    CountingDriver,
    Driver,
    DriverError,
    DriverPlugin,
    DriverSettings,
    ModelAnswer,
    ModelRequest,
    StreamingDriver,
)
from botticelli.runtime.folder import is_kept
from botticelli.runtime.plugins import DRIVERS, UnknownPluginError, load
from botticelli.runtime.problems import Problem, SetupError

_AROUND = ("record", "replay")


class RecordDriver:
    """Asks another driver, and writes what it answers before handing it on."""

    def __init__(self, inner: Driver, writer: CassetteWriter, scribe: Scribe) -> None:
        self.name = f"record ({inner.name})"
        self.provider = inner.provider
        self.account = inner.account
        self.default_model = inner.default_model
        self.capabilities = inner.capabilities
        self.simulated = inner.simulated
        self._inner = inner
        self._writer = writer
        self._scribe = scribe

    def rate_limits(self, model: str) -> ModelFacts:
        return self._inner.rate_limits(model)

    async def generate(self, request: ModelRequest) -> ModelAnswer:
        return self._keep(request, await self._inner.generate(request))

    async def stream(self, request: ModelRequest, on_text: Callable[[str], None]) -> ModelAnswer:
        if not isinstance(self._inner, StreamingDriver):
            return await self.generate(request)
        return self._keep(request, await self._inner.stream(request, on_text))

    async def count_tokens(self, request: ModelRequest) -> int:
        if not isinstance(self._inner, CountingDriver):
            raise DriverError(f"{self._inner.name} cannot count tokens", reached=False)
        return await self._inner.count_tokens(request)

    async def close(self) -> None:
        self._writer.close()
        await self._inner.close()

    def _keep(self, request: ModelRequest, answer: ModelAnswer) -> ModelAnswer:
        kept = replace(answer, text=self._scribe.clean(answer.text))
        try:
            self._writer.write(self._scribe.describe(request), kept)
        except OSError as error:
            message = f"the answer cannot be written to the cassette: {error}"
            raise DriverError(message) from error
        # The run goes on with what a replay will give it.
        return kept


def cassette_path(settings: DriverSettings, options: dict[str, str], driver: str) -> Path:
    """Take the option `file`. Raises SetupError where it is missing."""
    file = options.pop("file", "")
    if not file:
        message = f"the {driver} driver needs a cassette: write {driver}:file=PATH"
        raise SetupError(Problem(message, usage=True))
    return Path(settings.project, file)


def open_driver(settings: DriverSettings) -> RecordDriver:
    """Return the driver. Raises SetupError for a bad option and for what the other driver lacks."""
    options = dict(settings.options)
    path = cassette_path(settings, options, "record")
    add = _flag(options, "add")
    _refuse_other_files(path)
    if add and path.exists():
        try:
            read_cassette(path)
        except CassetteError as error:
            raise SetupError(Problem(str(error))) from error
    inner = _inner_driver(settings, options)
    header = Header(
        driver=inner.name,
        provider=inner.provider,
        default_model=inner.default_model,
        media=tuple(sorted(inner.capabilities.media)),
        linked_media=tuple(sorted(inner.capabilities.linked_media)),
        structured_output=inner.capabilities.structured_output,
    )
    scribe = Scribe(settings.environment)
    return RecordDriver(inner, CassetteWriter(path, header, add=add), scribe)


def _refuse_other_files(path: Path) -> None:
    """Write over nothing but a cassette. Raises SetupError."""
    if is_kept(path):
        wrong = "is in the folder in which runs keep their books"
    elif path.exists() and not may_be_replaced(path):
        wrong = "is there already, and is no cassette; remove it, or name another file"
    else:
        return
    raise SetupError(Problem(f"the record driver's file {path} {wrong}", usage=True))


def _flag(options: dict[str, str], name: str) -> bool:
    text = options.pop(name, "false")
    if text not in ("true", "false"):
        message = f"the record driver's {name} is true or false, not {text!r}"
        raise SetupError(Problem(message, usage=True))
    return text == "true"


def _inner_driver(settings: DriverSettings, options: Mapping[str, str]) -> Driver:
    rest = dict(options)
    name = rest.pop("driver", "")
    if not name or name in _AROUND:
        message = "the record driver needs one to ask: write record:driver=NAME,file=PATH"
        raise SetupError(Problem(message, usage=True))
    try:
        plugin: DriverPlugin = load(DRIVERS, name)
    except UnknownPluginError as error:
        problem = Problem(str(error), usage=True, name=error.name, known=error.known)
        raise SetupError(problem) from error
    configuration = settings.drivers.get(name, DriverConfiguration())
    return plugin.open_driver(replace(settings, configuration=configuration, options=rest))
