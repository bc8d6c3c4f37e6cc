"""What others call: HTTP, console, sockets."""
