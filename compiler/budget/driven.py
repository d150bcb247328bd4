"""Models as a driver that is open knows them: for bounds of what is about to run with it."""

from collections.abc import Callable

from botticelli.compiler.budget.models import Model, Models
from botticelli.compiler.semantics.configuration import Configuration
from botticelli.compiler.semantics.providers import ModelFacts


class DriverModels(Models):
    """The models that one driver asks, all of them of its provider."""

    def __init__(
        self,
        configuration: Configuration,
        provider: str,
        default_model: str,
        facts: Callable[[str], ModelFacts],
    ) -> None:
        super().__init__(configuration)
        self._asked = provider
        self._default = default_model
        self._facts = facts

    @property
    def provider(self) -> str:
        return self._asked

    def find(self, name: str | None) -> Model:
        wanted = name or self._default
        if wanted not in self._found:
            self._found[wanted] = Model(wanted, self._asked, None, self._facts(wanted))
        return self._found[wanted]
