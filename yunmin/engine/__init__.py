"""A run: strategies, an account and a market, put together and kept going."""

import lazy_loader

# each name's module is loaded when the name is first asked for; __init__.pyi says which that is
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
