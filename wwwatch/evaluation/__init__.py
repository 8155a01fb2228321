"""wwwatch.evaluation: labelled logs and simulated runs are judged and measured, and the figures are shown."""
