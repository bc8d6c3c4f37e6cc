"""Scripts that check the project: set-up, style budget, import rules, coverage, evidence."""
