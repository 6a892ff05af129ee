"""`python -m yunmin` is the `yunmin` command."""

from yunmin.cli import main

main()
