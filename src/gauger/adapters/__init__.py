"""What touches the outside: storage, network, keys, clock."""
