"""What pydantic found in a document, as problems with their places."""

from collections.abc import Callable, Container, Iterable, Iterator, Sequence

from pydantic import ValidationError

from .problems import Problem, finding_in_words, show_path
from .source import Document


def problems_of(
    error: ValidationError,
    document: Document,
    keys_beside: Callable[[Sequence[int | str]], Iterable[str]],
    *,
    certain: Container[int | str] = (),
) -> Iterator[Problem]:
    """The model's findings, each at the place where it was written.

    keys_beside: the keys that a mapping may have which has the key at the end of the given path.
    certain: top keys whose mistakes do not depend on the target (see `Problem`).
    """
    broken = {problem.path for problem in document.problems}
    for found in error.errors(include_url=False):
        path = document.as_written(found["loc"])
        known = document.known_part(path)
        kind = found["type"]
        if kind == "default_factory_not_called":
            continue  # another value is wrong, and that is reported
        shown = show_path(path if kind in ("missing", "extra_forbidden") else known)
        if shown in broken and (kind == "missing" or found["input"] is None):
            continue  # the document has no value there, and said why
        place = document.keys.get(path) if kind == "extra_forbidden" else None
        message = finding_in_words(found, keys_beside(path), document.raw.get(known))
        sure = path[0] in certain or kind == "extra_forbidden"
        yield Problem(place or document.places[known], shown, message, certain=sure)
