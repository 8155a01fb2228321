"""simulator: seeded visitors and attackers who drive a real www server or write its log, with ground truth beside."""
