"""Front doors for scripts: blocking calls, floats and dicts."""
