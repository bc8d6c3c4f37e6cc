"""Reporting policies and the deadlines that follow from them."""
