"""`python -m openlines.cli`, the same as `openlines`."""

from openlines.cli import main

main()
