"""``bptui export``: a program or a preset that stands alone."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bptui.cli.common import (
    Unusable,
    call_option,
    load_preset,
    opened,
    output_option,
    preset_argument,
    readable,
)
from bptui.cli.programs import SUFFIXES, arguments_option, judged, no_arguments

if TYPE_CHECKING:
    from bptui.core.experiment import Experiment

FORMS = ("numpy", "torch", "toml")
LIMIT = 10.0
"""Seconds for a program to come to its first training step."""


@click.command("export", short_help="Export a self-contained program or preset.")
@preset_argument
@click.option(
    "--to",
    "form",
    type=click.Choice(FORMS),
    required=True,
    help="A program in numpy or in torch, or a preset.",
)
@call_option
@output_option
@arguments_option
def command(
    name_or_file: str, form: str, call: str, output: str | None, arguments: tuple[str, ...]
) -> None:
    """Write the network and its training as a self-contained file.

    NAME_OR_FILE is a preset, shipped or your own, or a TOML file; - reads TOML from standard input.

    \b
    numpy  a program with the forward pass, the chain rule and the update written
           out; a preset's mistakes included, with the correct line above each
    torch  a program that leaves the chain rule to autograd, in float64
    toml   a preset that contains its samples

    The programs need no bptui and print the losses that `bptui run` shows, with all digits. For a
    numpy program of yours instead of a preset, --to numpy writes the gradients of its loss as a
    function, in its own names; what stands after -- is the program's.

    \b
    Examples:
      bptui export article --to numpy
      bptui export xor --to numpy -o xor.py && python xor.py
      bptui export article-listing-1 --to numpy | grep -A 2 MISTAKE
      bptui export spirals --to torch -o spirals.py
      bptui export iris --to toml -o my-iris.toml
      bptui export - --to numpy < my-network.toml
      bptui export my_net.py --to numpy

    \b
    Exit codes: 0 fine; 2 unusable preset or arguments.
    """
    with opened(output) as stream:
        if name_or_file.endswith(SUFFIXES):
            stream.write(derived(Path(name_or_file), form, call, arguments))
        else:
            no_arguments(arguments)
            stream.write(exported(load_preset(name_or_file, output), form))


def derived(file: Path, form: str, call: str, arguments: Sequence[str]) -> str:
    """Return the gradients of a program as a function; :class:`Unusable` where there is none."""
    from bptui.check.reports.report import Report, as_plain
    from bptui.check.running.interpreter import CannotStartError
    from bptui.export.derived import BackwardPass, NotWrittenError
    from bptui.presets.errors import printable

    if form != "numpy":
        raise Unusable(f"--to {form}: from a program only numpy can be written")
    try:
        found = judged(readable(str(file)), None, LIMIT, call, arguments=arguments)
        if isinstance(found, Report):
            raise Unusable(as_plain(found.trouble))
        told = found.source.files.told
        return BackwardPass(found.verdict.lines, found.names, told).text()
    except (CannotStartError, NotWrittenError) as error:
        raise Unusable(printable(f"{file}: {error}")) from None


def exported(experiment: Experiment, form: str) -> str:
    """Return the text of the file; :class:`Unusable` where there can be none."""
    from bptui.export.programs import numpy_program, toml_preset, torch_program
    from bptui.presets.save import SaveError

    writers = {"numpy": numpy_program, "torch": torch_program, "toml": toml_preset}
    try:
        return writers[form](experiment)
    except SaveError as error:
        raise Unusable(f"--to {form}: {error}") from None
