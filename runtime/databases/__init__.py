"""Databases: which one is meant, how it is reached, and what tables it has."""
