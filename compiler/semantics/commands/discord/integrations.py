"""Commands on integrations."""

from botticelli.compiler.ir.types import List
from botticelli.compiler.semantics.commands.discord.arguments import (
    GUILD,
    REASON,
    command,
    delete,
    get,
    path_id,
)
from botticelli.compiler.semantics.commands.discord.results import guild

_INTEGRATIONS = "/guilds/{guild_id}/integrations"

COMMANDS = (
    command(
        "integrations.list",
        "list the integrations of a server",
        get("list_guild_integrations", _INTEGRATIONS),
        GUILD,
        result=List(guild.INTEGRATION),
    ),
    command(
        "integrations.delete",
        "remove an integration from a server",
        delete("delete_guild_integration", f"{_INTEGRATIONS}/{{integration_id}}"),
        GUILD,
        path_id("integration_id", "the integration"),
        REASON,
    ),
)
