"""The samples an experiment trains on, and those it keeps back."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bptui.core.arrays import Array
from bptui.core.errors import require
from bptui.core.network import Network


@dataclass(frozen=True, eq=False)
class Data:
    """Inputs (samples, units), targets (samples, outputs), and those kept back for testing."""

    inputs: Array
    targets: Array
    test_inputs: Array
    test_targets: Array
    input_names: tuple[str, ...] = ()
    class_names: tuple[str, ...] = ()
    source: str = "inputs"
    """inputs, dataset or csv: the form in which the preset gives the data, for error messages."""

    def key(self, name: str) -> str:
        """Where the preset schema holds ``name``, which is inputs or targets."""
        return f"data.{name}" if self.source == "inputs" else f"data.{self.source}"

    @property
    def samples(self) -> int:
        return int(self.inputs.shape[0])


def check_data(data: Data, network: Network) -> None:
    """Raise :class:`~bptui.core.errors.UnusableError` unless ``network`` can train on ``data``."""
    require(data.samples >= 1, data.key("inputs"), "no samples", "at least one sample")
    for inputs, targets in (
        (data.inputs, data.targets),
        (data.test_inputs, data.test_targets),
    ):
        for name, array, units in (
            ("inputs", inputs, network.layers[0]),
            ("targets", targets, network.layers[-1]),
        ):
            require(
                array.ndim == 2 and array.shape[1] == units,
                data.key(name),
                f"{name} of {array.shape[-1]} numbers",
                f"{units} numbers per sample, as in network.layers",
            )
            require(
                bool(np.isfinite(array).all()),
                data.key(name),
                f"{name} with a number that is not finite",
                "finite numbers",
            )
        require(
            inputs.shape[0] == targets.shape[0],
            data.key("targets"),
            f"{targets.shape[0]} samples",
            f"{inputs.shape[0]}, as many as there are inputs",
        )
