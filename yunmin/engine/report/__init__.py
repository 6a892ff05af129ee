"""What a run came to, and whether the exchange's own books say the same."""
