"""What becomes of findings once they are found: selected, suppressed, mended."""
