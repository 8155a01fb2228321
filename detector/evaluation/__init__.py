"""Evaluation: what the detector finds on labelled logs, and what plain thresholds find there."""
