"""What the folder holds of one document: read anew before every decision, never remembered."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from erp.port import ErpDocument, ErpKey
from file_adapter.disk import content, names_in
from file_adapter.papers import Manifest, digest, entries_of, manifest_in, manifest_name
from file_adapter.places import READY, RETURNED, SUFFIXES, TAKEN, WRITING, Places
from file_adapter.returned import Form, NotUnderstood, read_form


@dataclass(frozen=True)
class Standing:
    """A document's papers: where they lie, whose they are, what an accountant did with them."""

    writing: Path | None  # the folder Tieback is still writing
    ready: Path | None  # the folder to be entered
    taken: tuple[Path, ...]  # what an accountant has moved to taken
    ours: bool  # no manifest of another document lies under this number
    whole: bool  # ready or taken, with everything that belongs to it
    returned: Path | None
    form: Form | None
    problems: tuple[str, ...]  # why the returned form decides nothing

    @property
    def anywhere(self) -> bool:
        """Whether anything of it lies in the folder."""
        return bool(self.writing or self.ready or self.taken or self.returned)


def look(places: Places, document: ErpDocument) -> Standing:
    """This function will look at everything under a document's number. Raises ErpUnavailable, ErpMisconfigured."""
    number = document.number
    writing, ready = (_folder(places.place(kind, number)) for kind in (WRITING, READY))
    taken = tuple(places.called(TAKEN, number))
    manifests = [
        manifest
        for folder in (writing, ready, *taken)
        if folder and (manifest := manifest_of(folder, number))
    ]
    ours = all(manifest.is_of(document) for manifest in manifests)
    returned, form, problems = _form(places, document)
    return Standing(
        writing=writing,
        ready=ready,
        taken=taken,
        ours=ours,
        whole=ours and _whole(ready, taken, number),
        returned=returned,
        form=form,
        problems=problems,
    )


def _folder(path: Path) -> Path | None:
    return path if names_in(path) else None


def manifest_of(folder: Path, number: str) -> Manifest | None:
    """This function will read the manifest in a document's folder."""
    return manifest_in(content(folder / manifest_name(number)))


def _whole(ready: Path | None, taken: tuple[Path, ...], number: str) -> bool:
    """An accountant who took one of the files took the document."""
    manifest = next((m for folder in (ready, *taken) if folder and (m := manifest_of(folder, number))), None)
    if manifest is None:
        return False
    return bool(taken) or (ready is not None and set(manifest.files) <= set(names_in(ready)))


def touched(ready: Path, number: str) -> bool:
    """This function will tell whether a file in the ready folder is not as it was written."""
    manifest = manifest_of(ready, number)
    files = {} if manifest is None else manifest.files
    there = {name: data for name in files if (data := content(ready / name)) is not None}
    return any(digest(data) != files[name] for name, data in there.items())


def _form(places: Places, document: ErpDocument) -> tuple[Path | None, Form | None, tuple[str, ...]]:
    forms = forms_of(places, document.number)
    if not forms:
        return None, None, ()
    if len(forms) > 1:
        names = ", ".join(path.name for path in forms)
        return forms[0], None, (f"There are several forms of {document.number}: {names}. Leave one of them.",)
    try:
        form = read_form(content(forms[0]) or b"", number=document.number, wanted=changes_of(document))
    except NotUnderstood as problem:
        return forms[0], None, problem.problems
    return forms[0], form, ()


def forms_of(places: Places, number: str) -> list[Path]:
    """This function will find the forms that were returned for a document."""
    return [path for path in places.called(RETURNED, number) if path.suffix.casefold() in SUFFIXES]


def changes_of(document: ErpDocument) -> dict[ErpKey, Decimal]:
    """This function will give a document's changes by budget code."""
    return {entry.key: entry.change for entry in entries_of(document)}
