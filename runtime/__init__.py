"""Runs programs: an interpreter without I/O, and a shell that performs what it asks for."""
