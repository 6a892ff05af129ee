"""From a decision to orders at an exchange, none lost and none sent twice."""

import lazy_loader

# each name's module is loaded when the name is first asked for; __init__.pyi says which that is
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
