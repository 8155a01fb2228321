"""What there is to tell: drafts, the outbox, who told what already."""
