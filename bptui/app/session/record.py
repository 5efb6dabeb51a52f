"""What a session file holds, as types that refuse everything else.

The file is lines of JSON: a mark, where the session stands, and the timeline. The first two are
short and change all the time; the timeline changes with an edit only. Arrays are the bytes of their
float64 numbers, so that they come back bit by bit, those that are not finite too.
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

from bptui.core.experiment import Training
from bptui.core.limits import MOST_STEPS
from bptui.core.network import Network
from bptui.presets.schema import PresetFile

FORMAT = "bptui session"
VERSION = 1

Count = Annotated[int, Meta(ge=0, le=2**31)]
Step = Annotated[int, Meta(ge=0, le=MOST_STEPS * 10)]
Short = Annotated[str, Meta(max_length=1000)]
Name = Annotated[bytes, Meta(max_length=10_000)]
"""Of a file or a folder, as the system has it, which need not be text."""


class Mark(Struct, frozen=True):
    """The first line: whose file it is. What a later version adds to it is no error."""

    format: str
    version: int


class Selected(Struct, frozen=True, forbid_unknown_fields=True):
    """The selection."""

    kind: Literal["weight", "bias", "unit"] = "weight"
    layer: Count = 1
    unit: Count = 0
    source: Count = 0


class Look(Struct, frozen=True, forbid_unknown_fields=True):
    """What the panels show: each by itself, none of it part of the calculation."""

    selection: Selected = Selected()
    pointed: bool = False
    """Whether it is what is explained."""
    sample: Count | None = None
    logarithmic: bool = False
    derivation: Literal["scalar", "matrix", "numpy"] = "scalar"
    learned: bool = False
    picture: Count = 0
    """Which of the pictures of what was learned."""
    samples: bool = False
    zoomed: bool = False
    focused: Short | None = None
    """The id of the panel that has the focus."""


class Stand(Struct, frozen=True, forbid_unknown_fields=True):
    """The second line: where in its timeline the session stands, and how it ended."""

    ended: bool
    """Whether the user has quit."""
    name: str
    step: Step
    position: Count | None
    digest: str | None
    """Of the state of that step, to tell whether playing it again gave the same bits."""
    breakpoints: Annotated[list[tuple[Short, bool]], Meta(max_length=1000)]
    speed: Short
    saved: Name | None
    look: Look
    touched: bool = True
    """Whether the user has done anything in it."""


class Samples(Struct, frozen=True, forbid_unknown_fields=True):
    """The data: arrays of ``count`` samples, and of ``tests`` kept back."""

    count: Count
    tests: Count
    inputs: bytes
    targets: bytes
    test_inputs: bytes
    test_targets: bytes
    input_names: list[str]
    class_names: list[str]
    source: Literal["inputs", "dataset", "csv"]


class Preset(Struct, frozen=True, forbid_unknown_fields=True):
    """The preset that the experiment was made of: its text, or its table where it has none."""

    text: str
    table: PresetFile | None
    folder: Name
    file: Name | None


class Edit(Struct, frozen=True, forbid_unknown_fields=True):
    """What goes on from ``step`` in another way; ``data`` is None where it stays the same."""

    step: Step
    learning_rate: float
    state: bytes
    data: Samples | None


class Past(Struct, frozen=True, forbid_unknown_fields=True):
    """The third line: the experiment and all edits, from which every step can be played again."""

    name: str
    title: str
    description: str
    source: str
    network: Network
    training: Training
    start: bytes
    data: Samples
    preset: Preset | None
    edits: Annotated[list[Edit], Meta(max_length=10_000)]
