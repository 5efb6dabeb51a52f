"""``python -m bptui``."""

from bptui.main import main

if __name__ == "__main__":
    main()
