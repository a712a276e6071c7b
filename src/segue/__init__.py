"""Small sequence models that carry memory. Public names load on first use: `import segue` does not import torch."""

__version__ = "0.1.0"
