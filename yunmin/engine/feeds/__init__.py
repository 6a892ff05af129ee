"""Ways to hear the market: live, or as it was recorded."""
