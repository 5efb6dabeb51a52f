"""What cannot be done: the one error of the core, and how large an experiment may be.

All of it at once takes about 500 MiB, in the app 600, and no step takes seconds. What is larger is
refused when it is read, before memory is taken for it.
"""

from __future__ import annotations

MOST_LAYERS, MOST_UNITS = 65, 100_000
"""Layers, the inputs among them, and units in one of them."""
MOST_PARAMETERS = 1_000_000
"""Weights and biases; with Adam 194 bytes each: the engine, the start and two snapshots."""
MOST_SAMPLES = 1_000_000
MOST_NUMBERS = 4_000_000
"""Inputs and targets, of which there are up to four copies; as many may stand in a preset file."""
MOST_IN_BATCH = 1_000_000
"""Samples of a batch times units of the network; 64 bytes each, and complex ones in gradcheck."""
MOST_STEPS = 1_000_000_000
LARGEST_FILE = 20_000_000
"""Bytes of a preset or of a CSV file; so much the numbers of a million parameters take."""


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


def reason_of(error: Exception) -> str:
    """Say in a few words why something failed, of a file as the system does."""
    return (getattr(error, "strerror", None) or str(error)).lower()


def require(condition: bool, key: str, found: object, expected: str) -> None:
    """Raise :class:`UnusableError` unless ``condition`` holds."""
    if not condition:
        raise UnusableError(key, found if isinstance(found, str) else repr(found), expected)
