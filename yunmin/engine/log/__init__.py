"""What a run writes down, for people and for machines."""
