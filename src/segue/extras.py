"""The extras of the package, and the packages that each of them installs."""

EXTRAS = {
    "train": ("torch", "onnx", "onnxscript", "tokenizers", "sacrebleu"),
    "classical": ("statsforecast",),
    "holidays": ("holidays",),
    "river": ("river",),
    "pysad": ("pysad",),
    "serve": ("fastapi", "uvicorn", "zstandard"),
    "sktime": ("sktime",),
    "fev": ("fev", "datasets"),
    "gluonts": ("gluonts",),
    "hub": ("huggingface_hub",),
    "spark": ("pyspark",),
    "ray": ("ray",),
    "dask": ("dask",),
}
"""The packages of each extra, as Python imports them; pyproject.toml explains why each is needed."""


def installation(extra: str) -> str:
    """How a user installs an extra, with the command that the pages give."""
    return f"run pip install -c constraints.txt -e '.[{extra}]' in the folder of the repository"


def remedy_for_missing(error: ModuleNotFoundError) -> str | None:
    """Makes a remedy for a module that is not installed.

    Args:
        error: The error of its import.

    Returns:
        A text that names the package and the command, such as "needs torch; run pip install ... in the folder of the
        repository". None where no extra brings the module.
    """
    package = (error.name or "").partition(".")[0]
    for extra, packages in EXTRAS.items():
        if package in packages:
            return f"needs {package}; {installation(extra)}"
    return None
