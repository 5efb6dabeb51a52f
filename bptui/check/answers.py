"""What comes back from the process that runs the user's code."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

AnyArray: TypeAlias = npt.NDArray[Any]
Argument: TypeAlias = npt.NDArray[np.float64] | list[npt.NDArray[np.float64]] | float
"""x or t, a list of weights or biases, or the learning rate."""


@dataclass(frozen=True)
class Frame:
    """A line of the user's file (or of another file of the user's) on the way to an error."""

    file: str
    line: int
    function: str
    source: str


@dataclass(frozen=True)
class Signature:
    """``names`` of the parameters that a call fills in, of which ``required`` have no default.

    ``line`` is that of the checked file, 0 where it is not known.
    """

    names: tuple[str, ...]
    required: int
    line: int
    variable: bool = False
    """Whether there is a *args."""
    keyword_only: tuple[str, ...] = ()
    """Those of ``names`` that stand behind a ``*``; they get their arguments by name."""


@dataclass(frozen=True)
class Loaded:
    """The functions of the file that are of interest: ``gradients``, ``step``."""

    functions: Mapping[str, Signature]
    others: tuple[str, ...] = ()
    """Names of the other functions the file defines, in its order."""
    warnings: tuple[Noted, ...] = ()
    """Those of loading."""


@dataclass(frozen=True)
class Given:
    """A returned value taken apart, all arrays as they came, dtypes kept.

    ``kind`` "nothing": None was returned. "other": something without numbers, which ``text``
    describes ("a str", "a list of 2 dicts"). Of a dict, ``text`` says which values are left out
    because they are no numbers ("gW1 is a str"), if any; those that are None are just not given.
    """

    kind: Literal["array", "sequence", "pair", "dict", "nothing", "other"]
    arrays: tuple[AnyArray, ...] = ()
    """Of an array that one; of a sequence its members; of a pair the weights' part."""
    second: tuple[AnyArray, ...] = ()
    """Of a pair (two sequences of arrays), the biases' part."""
    items: tuple[tuple[str, AnyArray | tuple[AnyArray, ...]], ...] = ()
    """Of a dict: names with arrays, or with sequences of arrays."""
    text: str = ""


@dataclass(frozen=True)
class Noted:
    """A Python or numpy warning; no ``file`` and line 0 where no line of the user's led to it."""

    message: str
    category: str
    file: str
    line: int


@dataclass(frozen=True)
class Answer:
    """``given`` was returned; ``arguments`` are the arguments as the call left them.

    A list of arrays is a tuple of them, empty where it no longer holds arrays of numbers.
    """

    given: Given
    arguments: tuple[AnyArray | tuple[AnyArray, ...], ...]
    warnings: tuple[Noted, ...] = ()


@dataclass(frozen=True)
class Stopped:
    """The code gave no answer.

    raised: an exception; exited: sys.exit or os._exit; crashed: a signal ended the process; hung:
    the time limit was over. ``while_loading``: not in a call but at the top level of the file.
    """

    kind: Literal["raised", "exited", "crashed", "hung"]
    message: str
    """"ValueError: shapes (5,2) and (4,2) not aligned", "sys.exit(1)", "signal SIGSEGV", "10 s"."""
    frames: tuple[Frame, ...] = ()
    while_loading: bool = False
    omitted: int = 0
    """How many frames are left out of a long way, as of endless recursion, behind the first few."""
    compiling: bool = False
    """Whether it hung before any line of the file ran."""

    @property
    def not_written(self) -> bool:
        """Whether the code ended at a blank that is still to be filled in."""
        return self.kind == "raised" and self.message.startswith("NotImplementedError")
