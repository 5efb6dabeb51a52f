"""Run tests under other kernels than those that numpy and OpenBLAS choose for this processor.

No test may depend on a kernel: neither on the last bits of a product, nor on whether inf or nan
follows from an overflow.
"""

import os
import subprocess
import sys
from typing import Any

import click
import numpy as np

KERNELS = {"Prescott": (), "Haswell": ("AVX2", "X86_V3"), "SkylakeX": ("AVX512_SKX", "X86_V4")}
"""OpenBLAS's names of kernels for x86-64, and what numpy, old and new, calls what each needs."""


def runnable() -> dict[str, dict[str, str]]:
    """The kernels that this processor can run, with the environment variables that choose them.

    With the oldest numpy has to do without all that this processor adds, too.
    """
    build: Any = np.show_config(mode="dicts")
    found: list[str] = build["SIMD Extensions"].get("found", [])
    chosen = {
        name: {"OPENBLAS_CORETYPE": name}
        for name, needed in KERNELS.items()
        if not needed or not {*needed}.isdisjoint(found)
    }
    chosen["Prescott"]["NPY_DISABLE_CPU_FEATURES"] = " ".join(found)
    return chosen


@click.command(context_settings={"ignore_unknown_options": True})
@click.option("--kernel", "names", multiple=True, type=click.Choice([*KERNELS]), help="Only this.")
@click.argument("arguments", nargs=-1, metavar="[PYTEST ARGUMENTS]")
def command(names: tuple[str, ...], arguments: tuple[str, ...]) -> None:
    """Run pytest, with -q -n 2 unless told otherwise, under each kernel."""
    kernels, failed = runnable(), list[str]()
    for name in names or KERNELS:
        if name not in kernels:
            click.echo(f"{name}: not for this processor")
            continue
        click.echo(f"{name}: {' '.join(f'{key}={kernels[name][key]!r}' for key in kernels[name])}")
        tests = [sys.executable, "-m", "pytest", *(arguments or ("-q", "-n", "2"))]
        if subprocess.run(tests, env={**os.environ, **kernels[name]}, check=False).returncode:
            failed.append(name)
    if failed:
        raise click.ClickException(f"tests failed under {', '.join(failed)}")


if __name__ == "__main__":
    command()
