"""wwwatch: the roof: the command line, one file per command, and the demo."""
