"""`python -m wwwatch`."""

from wwwatch.cli import main

main()
