"""The one place that states the version; packaging, the IR and the command line read it here."""

VERSION = "0.1.0"
