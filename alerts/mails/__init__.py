"""What a mail says: words, advice, templates, pictures."""
