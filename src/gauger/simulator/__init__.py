"""A fleet, its portal, network, clocks and disks in one thread under virtual time, from a seed."""
