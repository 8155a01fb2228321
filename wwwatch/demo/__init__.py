"""The demo: everything that wwwatch does, for real, in one process tree with nothing to configure."""
