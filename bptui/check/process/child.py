"""The program of the process in which the user's code runs; started by path, as ``child.py``.

``child.py FILE COMMANDS ANSWERS TRACE`` with the descriptors of three pipes. The interpreter is the
user's: it may be an old one, and has numpy and nothing else of bptui's.
"""

import importlib
import importlib.util
import os
import sys
from contextlib import suppress

FLOOR = (3, 10)
REFUSED = "bptui: "
"""In front of the reason why this interpreter will not do."""
PACKAGE = os.path.abspath(os.path.join(os.path.dirname(__file__), os.pardir, os.pardir))


def main() -> None:
    if sys.version_info < FLOOR:
        found, least = ".".join(map(str, sys.version_info[:3])), ".".join(map(str, FLOOR))
        sys.exit(REFUSED + "it is Python " + found + "; checking needs " + least + " or newer")
    # this program's own folder is no place to import from; -P would do, but not before 3.11
    own = {os.path.dirname(os.path.abspath(__file__)), os.path.dirname(os.path.realpath(__file__))}
    sys.path[:] = [each for each in sys.path if os.path.abspath(each) not in own]
    # whatever numpy needs is imported before the user's folder, which may hold a random.py, counts
    try:
        importlib.import_module("numpy")
    except ImportError as error:
        reason = str(error.__cause__ or error).strip().partition("\n")[0]
        sys.exit(f"{REFUSED}it cannot import numpy: {reason}")
    _open_package()
    from bptui.check.process.life import out_of_reach
    from bptui.check.process.server import serve

    # the user's own import of bptui is that of the environment
    for name in [each for each in sys.modules if each.partition(".")[0] == "bptui"]:
        del sys.modules[name]
    file, *descriptors = sys.argv[1:]
    low = [int(each) for each in descriptors]
    commands, answers, trace = map(out_of_reach, low)
    for each in low:
        os.close(each)
    _limit()
    serve(file, commands, answers, trace)


def _open_package() -> None:
    """Let bptui be imported from where it is, and nothing else that may be in that place."""
    spec = importlib.util.spec_from_file_location(
        "bptui", os.path.join(PACKAGE, "__init__.py"), submodule_search_locations=[PACKAGE]
    )
    assert spec is not None
    assert spec.loader is not None
    sys.modules["bptui"] = module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)


def _limit() -> None:
    """No core dumps; and where memory runs out it is this process that has to go."""
    import resource

    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with suppress(OSError), open("/proc/self/oom_score_adj", "w") as file:
        file.write("1000")


if __name__ == "__main__":
    main()
