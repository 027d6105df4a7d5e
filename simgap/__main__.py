"""`python -m simgap`, the same as the command `simgap`."""

from simgap.cli import main

if __name__ == "__main__":
    main()
