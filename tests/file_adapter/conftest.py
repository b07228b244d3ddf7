"""A folder with its reference files, and a document that lies in it."""

from pathlib import Path

import pytest

from erp.port import ErpDocument
from erp.testing.tenant import Diary
from tests.file_adapter.folder import Folder


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    """A started and a pending job, cost codes with leading zeros among them, three cost types."""
    return Folder(tmp_path / "accounting")


@pytest.fixture
def transfer(folder: Folder) -> ErpDocument:
    """A transfer over three budget codes, not written yet."""
    return folder.shapes()[0].document


@pytest.fixture
def handed_over(folder: Folder, transfer: ErpDocument) -> ErpDocument:
    """The transfer, ready to be entered."""
    folder.backend().push(transfer, Diary())
    return transfer
