"""A run: strategies, an account and a market, put together and kept going."""
