"""What differs between releases and tenants, as switches."""

from dataclasses import asdict, dataclass, field, fields

RELEASES = ("nexus2", "nexus1", "patch22", "patch21")
SHAPES = ("release", "text", "adf4", "wsd", "error")
CHOICES: dict[str, tuple] = {
    "release": RELEASES,
    "error_shape": SHAPES,
    "header_delete": ("refuse", "cascade"),
    "request_id_repeat_status": (400, 200, 409),
    "authentication": ("both", "basic", "oauth2"),
}


@dataclass
class Switches:
    """The settings of the tenant that is played; None means `as the release does`."""

    release: str = "nexus2"
    error_shape: str = "release"
    request_ids: bool | None = None
    request_id_repeat_status: int = 400
    limit_cap: int | None = None
    hide_posted: bool = False
    header_delete: str = "refuse"
    throttle: bool = True
    max_concurrent: int = 5
    max_per_second: int = 15
    auto_numbering: list[str] = field(default_factory=list)
    batch: bool = True
    batch_cap: int = 1000
    batch_pcis: bool = True
    authentication: str = "both"
    token_seconds: int = 3600

    @property
    def honours_request_ids(self) -> bool:
        """This property will say whether a repeated x-api-request-id is refused."""
        return self.release != "patch21" if self.request_ids is None else self.request_ids

    @property
    def cap(self) -> int | None:
        """This property will give the largest allowed `limit`; None means no limit (0 switches it off)."""
        if self.limit_cap is not None:
            return self.limit_cap or None
        return None if self.release == "patch21" else 1000

    def change(self, values: dict) -> None:
        """This function will set the named switches; an unknown one raises ValueError and sets none."""
        known = {f.name: f for f in fields(self)}
        cleaned = {}
        for name, value in values.items():
            if name not in known:
                raise ValueError(f"unknown switch {name}; known are {', '.join(known)}")
            cleaned[name] = _checked(name=name, value=value, present=getattr(self, name))
        for name, value in cleaned.items():
            setattr(self, name, value)

    def as_dict(self) -> dict:
        """This function will return all switches by name."""
        return asdict(self)


def _checked(*, name: str, value: object, present: object) -> object:
    if name in ("request_ids", "limit_cap") and value is None:
        return None
    if name in CHOICES:
        if value not in CHOICES[name]:
            raise ValueError(f"{name} must be one of {CHOICES[name]}")
        return int(value) if name == "request_id_repeat_status" else value  # type: ignore[call-overload]
    if name == "auto_numbering":
        if not isinstance(value, list) or not all(isinstance(v, str) for v in value):
            raise ValueError("auto_numbering is a list of company codes")
        return value
    if isinstance(present, bool) or name == "request_ids":
        if not isinstance(value, bool):
            raise ValueError(f"{name} is true or false")
        return value
    return int(value)  # type: ignore[call-overload]
