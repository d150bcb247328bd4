"""What `[security]` says of a narrative."""

from collections.abc import Iterable
from functools import cache, cached_property

from msgspec.structs import replace

from botticelli.compiler.flow.commands import Performed, is_platform
from botticelli.compiler.ir import program as ir
from botticelli.compiler.lower.security import lower_security
from botticelli.compiler.narrative.located import Text
from botticelli.compiler.narrative.model import Narrative, NarrativeFile, Security
from botticelli.compiler.nearest import nearest
from botticelli.compiler.semantics import commands as registry
from botticelli.compiler.semantics.policies import is_denied, names_command


class Rules:
    """What `[security]` of a narrative, of its file, or of both says."""

    def __init__(self, own: Security | None, shared: Security | None) -> None:
        self.own = own
        self.shared = shared
        self.levels = [level for level in (self.own, self.shared) if level is not None]

    @cached_property
    def lowered(self) -> ir.Security:
        """The rules, where a misspelt command, which is reported itself, counts as what it means:
        it is one fault, and no missing permission besides."""
        written = lower_security(self.own, self.shared)
        return replace(
            written,
            allowed_commands=_meant(written.allowed_commands),
            denied_commands=_meant(written.denied_commands),
            require_confirmation=_meant(written.require_confirmation),
        )

    @property
    def deny(self) -> bool:
        """Whether they deny any command."""
        return any(level.policy and level.policy.denied for level in self.levels)

    @property
    def restrict(self) -> bool:
        """Whether they say anything of the values of commands."""
        return any(level.constraints or level.content for level in self.levels)

    def denial(self, performed: Performed) -> Text | None:
        """Return the entry of a policy that denies a command."""
        if not is_denied(self.lowered, performed.platform, performed.known.name):
            return None
        denied = (
            text for level in self.levels if level.policy for text in level.policy.denied or ()
        )
        platform, name = performed.platform, performed.known.name
        return next(
            text
            for text in denied
            if any(names_command(n, platform, name) for n in _meant([text.value]))
        )


def is_command(name: str) -> bool:
    """Tell whether a name of a policy is that of a command; of platforms that others have
    installed, nothing is known but that they are there."""
    platform, dot, rest = name.partition(".")
    if dot and is_platform(platform):
        return platform not in registry.platforms() or registry.find(platform, rest) is not None
    return any(registry.find(each, name) is not None for each in registry.platforms())


@cache
def nearest_command(name: str) -> str | None:
    """Return the command that a misspelt name of a policy most likely stands for."""
    platform, _, rest = name.partition(".")
    if platform in registry.platforms():
        meant = registry.nearest(platform, rest)
        return f"{platform}.{meant}" if meant else None
    every = (
        (name, f"{each}.{name}")
        for each in registry.platforms()
        for name in registry.registry(each)
    )
    return nearest(name, (known for names in every for known in names))


def _meant(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(name if is_command(name) else nearest_command(name) or name for name in names)


def rules_of(narrative: Narrative, file: NarrativeFile) -> Rules:
    """Return what holds for a narrative: its own rules, then its file's."""
    return Rules(narrative.security, file.security)
