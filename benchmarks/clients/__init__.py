"""The clients of other libraries, unchanged, against `segue serve`: every answer beside that of the library."""
