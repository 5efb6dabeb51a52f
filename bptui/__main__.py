"""What the command ``bptui`` and ``python -m bptui`` start."""

import signal


def main() -> None:
    """Load the program and run it; until it runs, Ctrl+C ends the process without a word."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from bptui.main import main as run  # loading takes time, in which Ctrl+C may come

    run()


if __name__ == "__main__":
    main()
