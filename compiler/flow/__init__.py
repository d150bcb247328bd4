"""Which acts have run when: the order of a narrative, followed as the runtime will follow it."""
