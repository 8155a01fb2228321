"""alerts: Watcher-style watches over Elasticsearch that end in e-mail, each written down before it is sent."""
