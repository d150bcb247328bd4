"""From the checked model to the program that the runtime runs."""
