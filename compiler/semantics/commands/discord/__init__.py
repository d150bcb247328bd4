"""Discord: the regions of its REST API (version 10) and the other names of commands.

Each region is a module of the same name with its `COMMANDS`; `arguments` holds what several share,
`bodies` the records that arguments take, `results` the records that commands give. The contract is
Discord's own OpenAPI document; the tests compare every entry with it.
"""

from collections.abc import Mapping

REGIONS = ("messages",)

ALIASES: Mapping[str, str] = {
    "server.get_channels": "channels.list",
    "server.list_channels": "channels.list",
    "server.get_roles": "roles.list",
    "server.list_roles": "roles.list",
    "server.get_members": "members.list",
    "server.list_members": "members.list",
    "server.get_emoji": "emojis.list",
    "server.get_emojis": "emojis.list",
    "server.list_emojis": "emojis.list",
    "server.get_stickers": "stickers.list",
    "server.get_events": "events.list",
    "server.get_invites": "invites.list",
    "server.get_webhooks": "webhooks.list",
    "server.get_bans": "bans.list",
    "server.get_integrations": "integrations.list",
    "server.get_voice_regions": "voice_regions.list",
    "server.get_threads": "threads.list",
    "server.get_info": "server.get",
    "guilds.get": "server.get",
    "guilds.get_stats": "server.get_stats",
    "guilds.list": "server.list",
    "guilds.edit": "server.edit",
    "guilds.leave": "server.leave",
    "channels.create_message": "messages.send",
    "channels.send_message": "messages.send",
    "channels.get_messages": "messages.list",
    "channels.list_messages": "messages.list",
    "channels.get_message": "messages.get",
    "channels.edit_message": "messages.edit",
    "channels.delete_message": "messages.delete",
    "channels.list_invites": "invites.list",
    "channels.list_webhooks": "webhooks.list",
    "messages.create": "messages.send",
    "messages.publish": "messages.crosspost",
    "messages.react": "reactions.add",
    "reactions.create": "reactions.add",
    "reactions.delete": "reactions.remove",
    "reactions.get": "reactions.list",
    "members.ban": "bans.create",
    "members.unban": "bans.delete",
    "members.add_role": "roles.assign",
    "members.remove_role": "roles.remove",
    "bans.add": "bans.create",
    "bans.ban": "bans.create",
    "bans.remove": "bans.delete",
    "bans.unban": "bans.delete",
    "roles.add": "roles.assign",
    "roles.unassign": "roles.remove",
    "invites.create": "channels.create_invite",
    "webhooks.send": "webhooks.execute",
    "voice.list_regions": "voice_regions.list",
}
