"""The one error of the core: something a user asked for that cannot be done."""

from __future__ import annotations


class UnusableError(ValueError):
    """An experiment that cannot be run.

    ``key`` is the path of the culprit in the preset schema (``network.layers[1]``), ``found`` what
    stands there, ``expected`` what could stand there; the last two are phrases for people.
    """

    def __init__(self, key: str, found: str, expected: str) -> None:
        super().__init__(f"{key}: found {found}; expected {expected}")
        self.key = key
        self.found = found
        self.expected = expected


def require(condition: bool, key: str, found: object, expected: str) -> None:
    """Raise :class:`UnusableError` unless ``condition`` holds."""
    if not condition:
        raise UnusableError(key, found if isinstance(found, str) else repr(found), expected)
