"""The worlds that a run can be in, and whose books are whose."""
