"""The authority: what is decided about reports, trust, tokens and entitlements."""
