"""The product instance: life of a report, sendings, what an answer installs."""
