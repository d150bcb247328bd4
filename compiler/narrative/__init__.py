"""From the located tree to the typed model: the one room that looks at raw keys."""
