"""A venue's YAML file: what it sets, and what is said of one that is wrong."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from yunmin.errors import ConfigurationError
from yunmin.exchange import VenueOptions
from yunmin_binance.venue.config import Liquidity, VenueConfig
from yunmin_binance.venue.config_file import example_config, read_config_file
from yunmin_binance.venue.opening import config_of, open_venue, summary_of
from yunmin_binance.venue.symbols import DEFAULT_SYMBOLS


def read(folder: Path, text: str, **overriding: object) -> VenueConfig:
    path = folder / "venue.yaml"
    path.write_text(text)
    return read_config_file(path, overriding, usual={})


def complaint(folder: Path, text: str) -> str:
    with pytest.raises(ConfigurationError) as raised:
        read(folder, text)
    return str(raised.value)


def test_the_example_works_and_has_what_it_says(tmp_path: Path) -> None:
    config = read(tmp_path, example_config())
    assert [account.name for account in config.accounts] == ["alice", "bob", "whale"]
    assert config.accounts[0].balances["BTC"] == Decimal("2.5")
    assert config.accounts[0].pays_fees_in_bnb
    assert config.accounts[0].maker_rate == Decimal("0.0008")
    assert {"BTCUSDT", "ETHBTC", "FOOUSDT"} <= set(config.markets())


async def test_the_example_comes_up_and_its_first_account_is_the_one_to_log_in_with(tmp_path: Path) -> None:
    path = tmp_path / "venue.yaml"
    path.write_text(example_config())
    async with open_venue(VenueOptions(config_file=str(path), step_interval=0)) as running:
        assert running.credentials.api_key.get_secret_value() == "aliceLocalKey"
        assert [account.name for account in running.accounts] == ["alice", "bob"]
        assert running.venue.audit().ok


def test_a_mapping_changes_the_rules_of_a_default_market(tmp_path: Path) -> None:
    config = read(tmp_path, "symbols:\n  - ETHUSDT\n  - {symbol: BTCUSDT, min_notional: 100}\n")
    assert config.markets()["BTCUSDT"].min_notional == 100
    assert config.markets()["BTCUSDT"].tick_size == DEFAULT_SYMBOLS["BTCUSDT"].tick_size
    assert config.markets()["ETHUSDT"] == DEFAULT_SYMBOLS["ETHUSDT"]


def test_numbers_keep_every_digit_and_keys_their_zeros(tmp_path: Path) -> None:
    text = "accounts: [{name: a, api_key: 0012, api_secret: 0o17, balances: {BTC: 0.10000001}}]"
    (account,) = read(tmp_path, text).accounts
    assert (account.api_key, account.balances["BTC"]) == ("0012", Decimal("0.10000001"))
    assert account.api_secret is not None
    assert account.api_secret.get_secret_value() == "0o17"


def test_a_secret_may_stay_in_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = "accounts: [{name: a, api_key: k, api_secret_env: VENUE_SECRET}]"
    assert "line 1, accounts[0].api_secret_env: the environment has no variable VENUE_SECRET" in complaint(
        tmp_path, text
    )
    monkeypatch.setenv("VENUE_SECRET", "play")
    secret = read(tmp_path, text).accounts[0].api_secret
    assert secret is not None
    assert secret.get_secret_value() == "play"


def test_a_public_key_is_read_beside_the_file_and_a_private_one_is_refused(tmp_path: Path) -> None:
    key = Ed25519PrivateKey.generate()
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    (tmp_path / "public.pem").write_bytes(public)
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (tmp_path / "private.pem").write_bytes(private)
    text = "accounts: [{name: a, api_key: k, public_key_file: public.pem}]"
    assert read(tmp_path, text).accounts[0].public_key_pem == public.decode()
    assert "holds a private key" in complaint(tmp_path, text.replace("public.pem", "private.pem"))
    assert "cannot read" in complaint(tmp_path, text.replace("public.pem", "nowhere.pem"))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("prot: 1", "line 1, prot: no such setting; did you mean port?"),
        ("\naccounts:\n  - name: a\n    maker_rat: 1", "line 4, accounts[0].maker_rat: no such setting; did you mean"),
        ("symbols: [{symbol: BTCUSDT, tick: 1}]", "symbols[0].tick: no such setting"),
        ("symbols: [BTCEUR]", "symbols[0]: no default market 'BTCEUR'; there are BTCUSDT"),
        ("symbols: [{symbol: FOOUSDT}]", "symbols[0].base: Field required"),
        ("accounts: [{name: a, api_key: k}]", "needs a secret or a public key"),
        ("accounts: [{name: a, balances: {BTC: lots}}]", "accounts[0].balances.BTC"),
        ("accounts: [{name: a, balances: {BTC: -1}}]", "accounts[0].balances.BTC"),
        ("liquidity: candles", "candles_file and liquidity=candles belong together"),
        ("liquidity: walk\nspeed: 2", "speed is for candles and trades only"),
        ("host: 0.0.0.0", "not a loopback address"),
        ("port: 70000", "line 1, port:"),
        ("- a", "a venue is a mapping of settings"),
        ("", "a venue is a mapping of settings"),
        ("port: 1\nport: 2", "line 2: port is given twice"),
        ("a: &x 1\nb: *x", "references (*name) are not taken"),
        ("a: [", "line 1"),
        ("? [a]\n: b", "a name must be plain text"),
        ("a: !!python/object:os.system x", "no such setting"),
    ],
)
def test_what_is_wrong_is_named_with_its_line_and_what_there_is_instead(tmp_path: Path, text: str, words: str) -> None:
    assert words in complaint(tmp_path, text)


def test_several_mistakes_are_told_at_once_in_the_order_of_the_file(tmp_path: Path) -> None:
    said = complaint(tmp_path, "prot: 1\nsede: 2\nport: x")
    assert said.index("prot") < said.index("sede") < said.index("line 3, port")
    assert "venue config --example" in said


def test_a_secret_is_never_part_of_a_complaint(tmp_path: Path) -> None:
    text = "accounts: [{name: a, api_key: 'no key!', api_secret: hunter2, api_sceret: hunter2}]"
    assert "hunter2" not in complaint(tmp_path, text)
    assert "hunter2" not in complaint(tmp_path, "api_secret: hunter2: hunter2")


def test_a_file_that_is_not_there_or_no_text_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot read"):
        read_config_file(tmp_path / "nowhere.yaml", {}, usual={})
    (tmp_path / "binary.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigurationError, match="cannot read"):
        read_config_file(tmp_path / "binary.yaml", {}, usual={})


def test_options_take_the_place_of_what_the_file_says_and_the_rest_stays(tmp_path: Path) -> None:
    path = tmp_path / "venue.yaml"
    path.write_text("seed: 5\nport: 9001\nstep_interval: 2\nliquidity: none\n")
    config = config_of(VenueOptions(config_file=str(path), port=None, seed=9))
    assert (config.seed, config.port, config.step_interval, config.liquidity) == (9, 9001, 2.0, Liquidity.NONE)


def test_a_summary_names_accounts_and_markets_and_no_secret(tmp_path: Path) -> None:
    path = tmp_path / "venue.yaml"
    path.write_text(example_config())
    said = summary_of(VenueOptions(config_file=str(path), port=None))
    assert "alice (HMAC): 100000 USDT" in said
    assert "FOOUSDT" in said
    assert "Secret" not in said
