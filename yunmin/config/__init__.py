"""Files that people write: how they are read, what is said of one that is wrong, and what they set.

Nothing is imported here, so that a program that needs one of these rooms does not pay for the others.
"""
