"""The pure core: decisions without clock, disk, network or randomness."""
