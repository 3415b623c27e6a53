"""Modules that Keel adds to a base's standard library. They run on every Python that a base can have."""
