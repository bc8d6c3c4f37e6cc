"""The REST API, `/api/v1`: one module for each kind of thing."""
