"""How it is told: e-mail, webhook, Slack, index, log."""
