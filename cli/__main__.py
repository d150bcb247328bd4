"""`python -m botticelli.cli` is the `botticelli` command."""

from botticelli.cli.main import main

main()
