"""Commands on voice regions."""

from botticelli.compiler.ir.types import List
from botticelli.compiler.semantics.commands.discord.arguments import GUILD, command, get
from botticelli.compiler.semantics.commands.discord.results import guild

COMMANDS = (
    command(
        "voice_regions.list",
        "list the voice regions that a server may use",
        get("list_guild_voice_regions", "/guilds/{guild_id}/regions"),
        GUILD,
        result=List(guild.VOICE_REGION),
    ),
)
