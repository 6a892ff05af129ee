"""Trade any exchange through one typed connector, and never lose an order."""

__version__ = "0.1.0"
