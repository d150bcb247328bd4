"""`python -m botticelli.cli` is the `botticelli` command."""

from botticelli.cli.start import start

if __name__ == "__main__":
    start()
