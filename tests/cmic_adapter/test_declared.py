"""What a company may set for CMiC, in words: every option is declared, and what is declared is taken."""

from __future__ import annotations

from cmic_adapter.declared import declared, faults
from cmic_adapter.options import CompanyOptions
from cmic_adapter.wire import JCAT_FLAGS
from erp.port import ErpCompany, SettingKind

OF_THE_CONNECTION = {"assign_missing", "originals_on_started_jobs"}  # every ERP has them: switches of erp/


def test_every_option_is_declared_with_its_default_and_words() -> None:
    settings = {setting.name: setting for setting in declared()}
    plain = {name for name in settings if "." not in name}
    assert plain == set(CompanyOptions.model_fields) - OF_THE_CONNECTION - {"jcat_flags"}
    assert {name.partition(".")[2] for name in settings if "." in name} == set(JCAT_FLAGS)
    defaults = CompanyOptions()
    for name in plain:
        assert settings[name].default == getattr(defaults, name)
    assert all(setting.label and setting.help.endswith(".") for setting in settings.values())
    assert {len(s.choices) for s in settings.values() if s.kind is SettingKind.CHOICE} == {2}


def test_wrong_options_are_said_without_asking_cmic() -> None:
    assert faults(ErpCompany("001", {"type_internal": "COI"})) == []
    (said,) = faults(ErpCompany("001", {"typ_internal": "COI"}))
    assert "typ_internal" in said
