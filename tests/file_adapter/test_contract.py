"""The file adapter keeps the promises of the port."""

from pathlib import Path

import pytest

from erp.testing.contract import ErpContract
from tests.file_adapter.folder import Folder


class TestFileAdapter(ErpContract):
    """Each tenant is a folder of its own."""

    @pytest.fixture(autouse=True)
    def _room(self, tmp_path: Path) -> None:
        self.room, self.made = tmp_path, 0

    def tenant(self) -> Folder:
        self.made += 1
        return Folder(self.room / str(self.made))
