"""Gauger, an open implementation of Smart Licensing Using Policy."""
