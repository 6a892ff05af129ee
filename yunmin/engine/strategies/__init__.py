"""The one way into strategies' code, and what is done when they fail or hang."""
