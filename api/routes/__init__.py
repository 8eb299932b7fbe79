"""The addresses of the REST interface, a noun a module."""
