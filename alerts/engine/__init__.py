"""Runs watches: when, on which engine, what was loaded, and the state of it all."""
