"""Model folders on the Hugging Face hub, or on a server that speaks as it does (`HF_ENDPOINT`).

It needs the extra `hub`: `pip install -c constraints.txt -e '.[hub]'`. The package has its own models, so
forecasts need nothing of this.
"""

from collections.abc import Iterable
from pathlib import Path

from segue.errors import UserError
from segue.extras import remedy_for_missing
from segue.folder import CARD, FILES, load_model_folder
from segue.forecasting.nanotst.weights import model_folder
from segue.manifest import SUMS, verify

try:
    from huggingface_hub import CommitOperationAdd, HfApi, snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError
except ModuleNotFoundError as error:
    raise UserError("segue.adapters.hub", "(huggingface_hub)", remedy_for_missing(error) or str(error)) from error

_README = "README.md"  # what the hub shows of a repository
_FAULTS: tuple[type[Exception], ...] = (*HfHubHTTPError.__bases__, OSError, HFValidationError)
"""The bases are those of the client for HTTP, which is httpx or requests by the version of huggingface_hub."""

_HEAD = "---\nlicense: apache-2.0\nlibrary_name: segue\ntags: [time-series-forecasting, segue]\n---\n\n"


def push_to_hub(
    model: str | Path,
    repo_id: str,
    *,
    private: bool | None = None,
    revision: str | None = None,
    token: str | None = None,
    message: str = "A model of Segue",
) -> str:
    """Uploads a model folder in one commit, after checking all its files; the repository is made if there is none.

    The hub shows the model card as `README.md`. Files of the repository that are no part of a model stay as they are.

    Args:
        model: A model folder of any kind, or a bundled name.
        repo_id: The repository, such as `me/mine`.
        private: Whether a new repository is private; by default what the account says.
        revision: The branch; by default `main`.
        token: By default that of `hf auth login` or `HF_TOKEN`.
        message: The message of the commit.

    Returns:
        The address of the commit.

    Raises:
        UserError: The folder is no whole model, or the hub refuses the call or cannot be reached.
    """
    folder = model_folder(model)
    load_model_folder(folder)
    names = sorted(name for name in FILES if (folder / name).is_file())
    verify(folder, *_listed(names))
    files: dict[str, Path | bytes] = {name: folder / name for name in names}
    if CARD in files:
        files[_README] = _HEAD.encode() + (folder / CARD).read_bytes()
    api = HfApi(token=token, library_name="segue")
    try:
        api.create_repo(repo_id, private=private, exist_ok=True)
        added = [CommitOperationAdd(name, content) for name, content in files.items()]
        commit = api.create_commit(repo_id, added, commit_message=message, revision=revision)
    except _FAULTS as error:
        raise _refused(repo_id, error) from error
    return str(commit.commit_url)


def from_hub(
    repo_id: str, *, revision: str | None = None, token: str | None = None, cache: str | Path | None = None
) -> Path:
    """Downloads a model folder, or finds it in the cache of the hub, and checks all its files.

    Every function that takes a model takes the folder: `segue.forecast(frame, 24, model=from_hub("me/mine"))`. What was
    downloaded before is there without a network as well.

    Args:
        repo_id: The repository, such as `me/mine`.
        revision: A branch, a tag or a commit; by default `main`. Name a commit to have the same weights next year.
        token: By default that of `hf auth login` or `HF_TOKEN`.
        cache: The folder of the cache; by default that of the hub.

    Returns:
        The model folder.

    Raises:
        UserError: There is no such repository, it holds no model, or a file differs from its checksum; or the hub
            cannot be reached, and the cache has no such model.
    """
    try:
        wanted = sorted(FILES)
        found = snapshot_download(
            repo_id, revision=revision, token=token, cache_dir=cache, allow_patterns=wanted, library_name="segue"
        )
    except _FAULTS as error:
        raise _refused(repo_id, error) from error
    folder = Path(found)
    load_model_folder(folder)
    verify(folder, *_listed(name for name in FILES if (folder / name).is_file()))
    return folder


def _listed(names: Iterable[str]) -> list[str]:
    """The files that have a checksum: all but the list of checksums itself."""
    return [name for name in names if name != SUMS]


def _refused(repo_id: str, error: Exception) -> UserError:
    line = (str(error).splitlines() or [type(error).__name__])[0]  # a timeout may have no text
    if isinstance(error, HFValidationError):
        return UserError("repo_id", repo_id, f"give a name such as me/mine ({line})")
    if isinstance(error, HfHubHTTPError) and not isinstance(error, LocalEntryNotFoundError):
        return UserError("repo_id", repo_id, f"the hub refuses it ({line}); check name, token and network")
    return UserError("repo_id", repo_id, f"the hub cannot be reached ({line}); check the network and HF_ENDPOINT")
