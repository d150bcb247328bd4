"""What Discord answers: every field of the contract, nested ones as far as narratives use them.

Where an operation answers with one of several objects, the record holds the fields of all, and
those that are not in each are optional.
"""
