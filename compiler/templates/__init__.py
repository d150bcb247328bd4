"""The checker's view of Jinja templates: the older forms, parsing with places, and analysis."""
