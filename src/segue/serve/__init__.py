"""A server that other libraries' clients speak to; it translates requests, and the library computes the answers."""
