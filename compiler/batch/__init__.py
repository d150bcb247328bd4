"""Checking many files: which ones, from the cache or anew, on all cores, and what is reported."""
