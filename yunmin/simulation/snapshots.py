"""The state of a graph of objects as plain data, and back: whole, exact, and loud about what it does not know.

Every attribute of every object that is reached is written down, whatever it is called: a field that is added to a class
is saved without a word here, and one that cannot be saved fails at once. Objects that several others hold stay one
object. Nothing is executed on loading: only classes that were named beforehand are made.
"""

from __future__ import annotations

from collections import OrderedDict, defaultdict, deque
from collections.abc import Callable, Iterable, Mapping
from enum import Enum
from typing import Any, Final

from yunmin.clock import seeded
from yunmin.errors import ConfigurationError

__all__ = ["Snapshots"]

_INT64: Final = range(-(2**63), 2**63)
_FACTORIES: Final[dict[str, Callable[[], Any]]] = {"int": int, "list": list, "dict": dict, "set": set}
_MISSING: Final = object()
_RANDOM: Final = type(seeded(0))


class Snapshots:
    """Writes and reads graphs made of `classes`; `kept` names, by class, the attributes that are set-up and no state.

    A kept attribute is not written, and when a state is read back it stays as it is.
    """

    def __init__(self, classes: Iterable[type], kept: Mapping[type, frozenset[str]]) -> None:
        self._classes = {one.__name__: one for one in classes}
        self._kept = dict(kept)

    def take(self, roots: list[object]) -> dict[str, Any]:
        """The state of everything that can be reached from `roots`. TypeError names what cannot be written."""
        return _Writer(self).write(roots)

    def restore(self, roots: list[object], state: Mapping[str, Any]) -> None:
        """Put `roots`, and all that hangs on them, into `state`. Objects that they have already are refilled.

        Raises ConfigurationError where the state is of classes with other attributes: it was made by another version.
        """
        _Reader(self, state).read_into(roots)

    def attributes_of(self, one: type) -> tuple[str, ...]:
        """The slots of a class and of those it is made from."""
        slots = [getattr(base, "__slots__", ()) for base in reversed(one.__mro__)]
        return tuple(name for names in slots for name in ((names,) if isinstance(names, str) else names))

    def kept_of(self, one: type) -> frozenset[str]:
        """What is not written of a class."""
        return self._kept.get(one, frozenset())

    def class_named(self, name: str) -> type:
        """A class that may be made."""
        found = self._classes.get(name)
        if found is None:
            raise ConfigurationError(f"the state holds a {name}, which this version does not know")
        return found

    def knows(self, one: type) -> bool:
        """Whether objects of this class may be written."""
        return self._classes.get(one.__name__) is one

    def fields_of(self, value: object) -> dict[str, Any]:
        """What is written of an object, by name."""
        kind, kept = type(value), self.kept_of(type(value))
        named = dict(getattr(value, "__dict__", {}))
        named |= {name: getattr(value, name) for name in self.attributes_of(kind) if hasattr(value, name)}
        return {name: one for name, one in named.items() if name not in kept}


class _Writer:
    def __init__(self, snapshots: Snapshots) -> None:
        self._snapshots = snapshots
        self._numbers: dict[int, int] = {}
        self._queue: deque[object] = deque()
        self._layout: dict[str, list[str]] = {}

    def write(self, roots: list[object]) -> dict[str, Any]:
        for root in roots:
            self._value(root)
        objects: list[Any] = []
        while self._queue:
            objects.append(self._entry(self._queue.popleft()))
        return {"layout": self._layout, "objects": objects}

    def _value(self, value: Any) -> Any:
        match value:
            case Enum():
                return {"e": [self._known(value), value.name]}
            case None | bool() | float():
                return value
            case str() if type(value) is str:
                return value
            case int() if type(value) is int:
                return value if value in _INT64 else {"i": str(value)}
            case _ if type(value) is tuple:
                return {"t": [self._value(one) for one in value]}
            case frozenset():
                return {"f": [self._value(one) for one in value]}
        number = self._numbers.get(id(value))
        if number is None:
            number = self._numbers[id(value)] = len(self._numbers)
            self._queue.append(value)
        return {"r": number}

    def _entry(self, value: Any) -> Any:
        kind = type(value)
        if kind is list or kind is set or kind is deque:
            return [kind.__name__, [self._value(one) for one in value]]
        if kind is dict or kind is OrderedDict:
            return [kind.__name__, self._pairs(value)]
        if kind is defaultdict:
            factory = value.default_factory
            return ["defaultdict", self._pairs(value), getattr(factory, "__name__", "")]
        if kind is _RANDOM:
            return ["Random", self._value(value.getstate())]
        name = self._known(value)
        if issubclass(kind, tuple):
            self._layout[name] = list(value._fields)
            return ["=" + name, [self._value(one) for one in value]]
        fields = self._snapshots.fields_of(value)
        self._layout[name] = sorted({*self._layout.get(name, ()), *fields})
        return ["@" + name, {field: self._value(one) for field, one in fields.items()}]

    def _pairs(self, value: Mapping[Any, Any]) -> list[Any]:
        return [[self._value(key), self._value(one)] for key, one in value.items()]

    def _known(self, value: object) -> str:
        kind = type(value)
        if not self._snapshots.knows(kind):
            raise TypeError(f"{kind.__module__}.{kind.__qualname__} is no part of a state")
        return kind.__name__


class _Reader:
    def __init__(self, snapshots: Snapshots, state: Mapping[str, Any]) -> None:
        self._snapshots = snapshots
        self._entries: list[Any] = state["objects"]
        self._made: dict[int, Any] = {}
        self._adopted: dict[int, object] = {}
        self._queue: deque[int] = deque()
        for name, fields in state["layout"].items():
            self._check_layout(name, fields)

    def _check_layout(self, name: str, fields: list[str]) -> None:
        one = self._snapshots.class_named(name)
        if issubclass(one, tuple):
            known: Any = one._fields  # type: ignore[attr-defined]
        else:
            known = self._snapshots.attributes_of(one)
        if known and set(fields) - set(known):
            raise ConfigurationError(f"the state was saved by another version: {name} differs")
        if issubclass(one, tuple) and len(fields) != len(known):
            raise ConfigurationError(f"the state was saved by another version: {name} differs")

    def read_into(self, roots: list[object]) -> None:
        for number, root in enumerate(roots):
            self._adopt(number, root)
        while self._queue:
            number = self._queue.popleft()
            self._fill(self._made[number], self._entries[number])

    def _adopt(self, number: int, one: object) -> None:
        self._made[number] = one
        self._adopted[id(one)] = one
        self._queue.append(number)

    def _value(self, told: Any, old: object = _MISSING) -> Any:
        """`told` as a value; `old` is what stands in its place now, and is used again where it is of its kind."""
        if not isinstance(told, dict):
            return told
        ((sort, content),) = told.items()
        match sort:
            case "r":
                return self._object(content, old)
            case "t":
                before = old if type(old) is tuple and len(old) == len(content) else (_MISSING,) * len(content)
                return tuple(self._value(one, was) for one, was in zip(content, before, strict=True))
            case "f":
                return frozenset(self._value(one) for one in content)
            case "e":
                return self._snapshots.class_named(content[0])[content[1]]  # type: ignore[index]
            case "i":
                return int(content)
        raise ConfigurationError(f"the state holds something unknown: {sort!r}")

    def _object(self, number: int, old: object) -> Any:
        if number in self._made:
            return self._made[number]
        entry = self._entries[number]
        kind = entry[0]
        if kind.startswith("="):
            made = self._snapshots.class_named(kind[1:])(*(self._value(one) for one in entry[1]))
            self._made[number] = made
            return made
        wanted = self._kind_of(kind)
        if type(old) is wanted and id(old) not in self._adopted:
            self._adopt(number, old)
        elif self._snapshots.kept_of(wanted):
            raise ConfigurationError(f"the state holds a {wanted.__name__} for which there is no set-up here")
        else:
            self._adopt(number, _empty(wanted, entry))
        return self._made[number]

    def _kind_of(self, kind: str) -> type:
        return _CONTAINERS[kind] if kind in _CONTAINERS else self._snapshots.class_named(kind[1:])

    def _fill(self, one: Any, entry: list[Any]) -> None:
        content = entry[1]
        match entry[0]:
            case "list" | "deque":
                filled = [self._value(told) for told in content]
                one.clear()
                one.extend(filled)
            case "set":
                one.clear()
                one.update(self._value(told) for told in content)
            case "dict" | "OrderedDict" | "defaultdict":
                before = dict(one)
                pairs = [(self._value(key), value) for key, value in content]
                one.clear()
                one.update((key, self._value(value, before.get(key, _MISSING))) for key, value in pairs)
            case "Random":
                one.setstate(self._value(content))
            case _:
                for name, told in content.items():
                    object.__setattr__(one, name, self._value(told, getattr(one, name, _MISSING)))


_CONTAINERS: Final[dict[str, type]] = {
    "list": list,
    "set": set,
    "deque": deque,
    "dict": dict,
    "OrderedDict": OrderedDict,
    "defaultdict": defaultdict,
    "Random": _RANDOM,
}


def _empty(kind: type, entry: list[Any]) -> Any:
    if kind is defaultdict:
        return defaultdict(_FACTORIES[entry[2]])
    return kind() if kind in _CONTAINERS.values() else object.__new__(kind)
