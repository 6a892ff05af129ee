"""Trading truth: values and state machines. Synchronous, no I/O, no exchange, no wall clock."""
