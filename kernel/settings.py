"""What an operator may set, each by an environment variable `BOS_<NAME>`. Built once and handed on, never global."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field
from pydantic_settings import BaseSettings, SettingsConfigDict

_DAY_S = 24 * 60 * 60
_MIB = 1024 * 1024

AbsolutePath = Annotated[Path, AfterValidator(lambda path: path.expanduser().absolute())]


def check_public_url(url: str) -> str:
    """An origin: https, or http on this machine; no path, query or user in it. Raises ValueError."""
    parts = urlsplit(url.rstrip("/"))
    is_plain = parts.scheme == "http" and parts.hostname in ("localhost", "127.0.0.1", "::1")
    if not (parts.scheme == "https" or is_plain) or not parts.hostname or parts.port == 0:
        raise ValueError("an https URL, or an http one on a loopback address")
    if parts.path or parts.query or parts.fragment or "@" in parts.netloc:
        raise ValueError("an origin: scheme, host and perhaps a port, nothing behind them")
    return f"{parts.scheme}://{parts.netloc}".lower()


PublicUrl = Annotated[str, AfterValidator(check_public_url)]


class Settings(BaseSettings):
    """Read with `Settings()`; tests pass keyword arguments instead of environment variables."""

    model_config = SettingsConfigDict(env_prefix="BOS_", frozen=True, extra="forbid", validate_default=True)

    database_url: str | None = Field(
        default=None,
        repr=False,
        description="URL of the PostgreSQL owner connection. Unset: the embedded PostgreSQL in the data folder.",
    )
    databases: dict[str, str] = Field(
        default_factory=dict,
        repr=False,
        description="Further databases that tenants may live in: a JSON object of name and URL.",
    )
    replicas: dict[str, list[str]] = Field(
        default_factory=dict,
        repr=False,
        description="Replicas that answer reads: a JSON object of a database's name (`default` for"
        " `BOS_DATABASE_URL`) and a list of URLs.",
    )
    replica_lag_max_ms: int = Field(
        default=100,
        ge=0,
        description="Milliseconds a read waits at most until a replica has caught up; then the primary answers.",
    )
    data_dir: AbsolutePath = Field(
        default=Path(".bos"),
        description="Folder of everything Bos keeps on this machine, made when missing.",
    )
    pg_bin: Path | None = Field(
        default=None,
        description="Folder with `postgres` and `initdb` (15 or newer) to use instead of those that come with Bos.",
    )
    backup_dir: AbsolutePath | None = Field(
        default=None,
        description="Folder of backups, better on another disk. Unset: `backups` in the data folder.",
    )
    wal_archive: AbsolutePath | None = Field(
        default=None,
        description="Folder the embedded PostgreSQL copies its log into, every five minutes at least, for restoring to"
        " any moment since a backup. It takes effect when the database starts. Unset: only the moments of backups.",
    )
    host: str = Field(default="127.0.0.1", description="Address the HTTP server listens on.")
    port: int = Field(default=8000, ge=0, le=65535, description="Port the HTTP server listens on; 0 takes a free one.")
    public_url: PublicUrl | None = Field(
        default=None,
        description="URL browsers and clients reach Bos at, OAuth's issuer. Unset: http, `BOS_HOST` and `BOS_PORT`.",
    )
    system_plugins: tuple[str, ...] = Field(
        default=("registry.plugin",),
        description="Modules loaded into the kernel at start: a JSON list of dotted names.",
    )
    applets_dir: AbsolutePath | None = Field(
        default=None,
        description="Folder in which applets are found. Unset: those that come with Bos.",
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="The least important log lines that are written."
    )
    log_format: Literal["json", "text"] = Field(
        default="json", description="One JSON object a line, or text for people."
    )
    access_token_ttl_s: int = Field(default=900, ge=1, description="Seconds an access token is valid.")
    refresh_token_ttl_s: int = Field(
        default=30 * _DAY_S, ge=1, description="Seconds a session lives without being refreshed."
    )
    oidc_private_addresses: bool = Field(
        default=False,
        description="Call identity providers at private addresses too, and at loopback ones without TLS.",
    )
    password_memory_kib: int = Field(
        default=65_536, ge=64, description="KiB of memory one password hash takes (Argon2id)."
    )
    password_passes: int = Field(default=3, ge=1, description="Passes over that memory.")
    password_lanes: int = Field(default=4, ge=1, le=8, description="Threads one password hash takes.")
    password_length_min: int = Field(
        default=12, ge=8, le=128, description="Characters of the shortest password accepted."
    )
    step_up_ttl_s: int = Field(
        default=600, ge=30, description="Seconds a proof of who one is suffices for dangerous actions."
    )
    auth_events_keep_days: int = Field(
        default=365, ge=1, description="Days the record of log-ins is kept (`/api/v1/auth/events`)."
    )
    webauthn_rp_id: str | None = Field(
        default=None, description="Domain passkeys are for. Unset: the host of `BOS_PUBLIC_URL`, or localhost."
    )
    webauthn_origins: tuple[str, ...] = Field(
        default=(), description="Origins of pages that may ask for passkeys: a JSON list. Empty: `BOS_PUBLIC_URL`."
    )
    master_key_file: AbsolutePath | None = Field(
        default=None,
        description="File of the master key that wraps all others. Unset: `master.key` in the data folder.",
    )
    kms_url: str | None = Field(
        default=None, description="URL of a key service to wrap keys with instead of a master key file."
    )
    kms_token: str | None = Field(default=None, repr=False, description="Bearer token the key service asks for.")
    key_cache_ttl_s: int = Field(
        default=900, ge=1, description="Seconds a process keeps an unwrapped key in memory before it unwraps it again."
    )
    pool_size_max: int = Field(default=8, ge=1, description="Connections a process opens to each database at most.")
    statement_timeout_ms: int = Field(
        default=30_000, ge=0, description="Milliseconds after which PostgreSQL gives up on a statement; 0 is never."
    )
    hook_ms: int = Field(
        default=5_000,
        ge=10,
        description="Milliseconds a hook of an applet may take whose manifest says nothing (`limits.hook_ms`).",
    )
    hook_statements_max: int = Field(
        default=5_000, ge=1, description="Statements one call of a hook may send to the database."
    )
    hook_failures_max: int = Field(
        default=5,
        ge=2,
        description="Failures of a hook within a minute, at least half of its calls, that suspend its applet for the"
        " tenant.",
    )
    suspension_pause_s: float = Field(
        default=30.0,
        gt=0,
        description="Seconds until a suspended applet is tried again; twice as many after each trial that fails.",
    )
    safe_mode: str | None = Field(
        default=None,
        description="Leave applets out that do not come with Bos: `*` for all tenants, or the name of one. Unset: run"
        " them.",
    )
    sandbox: Literal["auto", "full", "strong", "wasm", "insecure-dev", "off"] = Field(
        default="auto",
        description="How strong the sandbox of applets is that are not trusted: `auto` takes the strongest this machine"
        " has of `full`, `strong` and `wasm`; `off` runs none; `insecure-dev` is for one tenant on a loopback address.",
    )
    sandbox_workers_max: int = Field(
        default=100, ge=1, description="Processes for sandboxed applets that a process of Bos keeps at most."
    )
    sandbox_spares: int = Field(
        default=2, ge=0, description="How many of them wait for an applet, so that its first call need not."
    )
    sandbox_pin: bool = Field(
        default=False,
        description="Keep each process of Bos and its sandboxed applets on one processor, which halves the time of"
        " a call; for servers that run a process of Bos for each processor.",
    )
    body_bytes_max: int = Field(default=10 * _MIB, ge=1, description="Bytes of the largest request body accepted.")
    rate_limit_per_minute: int = Field(
        default=1000,
        ge=0,
        description="Requests a minute that a tenant, a user and an API key may each make; 0 is no limit.",
    )
    rate_limit_burst: int = Field(
        default=100, ge=1, description="Requests that may come at once before that rate holds."
    )
    plans: dict[str, dict[str, int]] = Field(
        default_factory=dict,
        description="Limits of tenants by plan: a JSON object such as"
        ' {"standard": {"users": 10, "documents_per_month": 100000}}. A limit of the tenant itself goes before.',
    )
    upload_bytes_max: int = Field(
        default=2 * 1024 * _MIB, ge=1, description="Bytes of the largest file that may be uploaded for an import."
    )
    transfer_keep_s: int = Field(
        default=7 * _DAY_S, ge=60, description="Seconds after which finished imports and exports go with their files."
    )
    applet_retention_days: int = Field(
        default=30, ge=0, description="Days the data of an uninstalled applet are kept before they may be purged."
    )
    page_size_max: int = Field(default=500, ge=1, description="Items of the largest page a list answers with.")
