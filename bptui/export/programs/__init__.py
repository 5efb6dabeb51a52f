"""Programs that stand alone and train the network of an experiment."""

from bptui.export.programs.numpy_program import numpy_program
from bptui.export.programs.preset import toml_preset
from bptui.export.programs.torch_program import RefusedError, torch_program

__all__ = ["RefusedError", "numpy_program", "toml_preset", "torch_program"]
