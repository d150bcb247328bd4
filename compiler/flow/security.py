"""What `[security]` says of a narrative."""

from functools import cached_property

from botticelli.compiler.flow.commands import Performed
from botticelli.compiler.ir import program as ir
from botticelli.compiler.lower.security import lower_security
from botticelli.compiler.narrative.located import Text
from botticelli.compiler.narrative.model import Narrative, NarrativeFile, Security
from botticelli.compiler.semantics.policies import is_denied, names_command


class Rules:
    """What `[security]` of a narrative, of its file, or of both says."""

    def __init__(self, own: Security | None, shared: Security | None) -> None:
        self.own = own
        self.shared = shared
        self.levels = [level for level in (self.own, self.shared) if level is not None]

    @cached_property
    def lowered(self) -> ir.Security:
        return lower_security(self.own, self.shared)

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
        return next(text for text in denied if names_command(text.value, platform, name))


def rules_of(narrative: Narrative, file: NarrativeFile) -> Rules:
    """Return what holds for a narrative: its own rules, then its file's."""
    return Rules(narrative.security, file.security)
