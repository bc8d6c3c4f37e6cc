"""What others call over HTTP: smart transport, OAuth2 and the API."""
