"""The shell of a product instance over SSH. It loads only where it is switched on."""
