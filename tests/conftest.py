"""Servers that tests of several folders share, each started once a session."""

from servers.postgres import postgres

__all__ = ["postgres"]
