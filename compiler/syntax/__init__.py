"""From bytes to a located tree: TOML and YAML, and what is wrong with their text."""
