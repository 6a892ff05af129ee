"""`yunmin verify …`: trials that show whether something holds what it promises."""

from __future__ import annotations

import sys
import tempfile
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from yunmin.cli.connection import AdapterOption, JsonOption, choose_adapter
from yunmin.cli.outcome import Exit, emit_json, run_plainly
from yunmin.clock import SystemClock
from yunmin.errors import NotSupported
from yunmin.exchange import TrialReport, VenueTrial

if TYPE_CHECKING:
    from yunmin.testing.verify.crash import CrashReport
    from yunmin.testing.verify.fuzz import FuzzReport
    from yunmin.testing.verify.resources import Growth
    from yunmin.testing.verify.sequences import SequencesReport
    from yunmin.testing.verify.soak import SoakReport

__all__ = ["verify"]

verify = typer.Typer(help="Trials: does it hold what it promises?", no_args_is_help=True, rich_markup_mode=None)


@verify.callback()
def _group() -> None:
    """Trials: does it hold what it promises?"""


@verify.command("venue")
def venue(
    orders: Annotated[int, typer.Option("--orders", min=1, help="How many orders are sent.")] = 100_000,
    accounts: Annotated[int, typer.Option("--accounts", min=2, max=200, help="By how many accounts.")] = 20,
    seed: Annotated[int, typer.Option("--seed", help="Fixes every request, and so every byte of the log.")] = 7,
    log: Annotated[str | None, typer.Option("--log", help="Write every request, answer and event here.")] = None,
    twice: Annotated[bool, typer.Option("--twice", help="Run it again: both logs must be the same.")] = False,
    adapter: AdapterOption = None,
    as_json: JsonOption = False,
) -> None:
    """Conservation under fire: random orders of every kind through the local venue's own order entry.

    Balances conserve to the last digit, no book is crossed, update ids have no holes, every order's fills sum to what
    it says it executed; the same seed gives the same log, byte for byte. Exit code 1 where one of these does not hold.
    """

    wanted = VenueTrial(orders=orders, accounts=accounts, seed=seed, log_file=log)

    def work() -> None:
        plugin = choose_adapter(adapter)
        if plugin.venue_trial is None:
            raise NotSupported(f"the {plugin.title} adapter brings no trial of a local venue")
        clock = SystemClock()
        begun = clock.monotonic()
        report = plugin.venue_trial(wanted, _Progress(orders))
        violations = list(report.violations)
        if twice:
            again = plugin.venue_trial(replace(wanted, log_file=None), _Progress(orders))
            if again.log_sha256 != report.log_sha256:
                violations.append(f"the same seed gave another log: {report.log_sha256}, then {again.log_sha256}")
        if as_json:
            emit_json({"seed": seed, "accounts": accounts, **asdict(report), "violations": violations})
        else:
            _show(wanted, report, violations, seconds=clock.monotonic() - begun)
        if violations:
            raise typer.Exit(Exit.CHECK_FAILED)

    run_plainly(work, as_json=as_json)


@verify.command("sequences")
def sequences(
    count: Annotated[int, typer.Option("--count", min=1, help="How many sequences.")] = 1_000,
    seed: Annotated[int, typer.Option("--seed", help="The first seed; with --count 1, the one to replay.")] = 0,
    workers: Annotated[int | None, typer.Option("--workers", min=1, help="Processes; as many as processors.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Accounts trade through storms, crash, come back, and must know every order and fill: invariants I1 to I22.

    Each sequence is a whole life in virtual time, in this process: lost and late answers, lagging queries, gaps,
    duplicates, disorder, kills. After the storm the exchange's ledger is compared. Exit code 1 for any violation.
    """

    def work() -> None:
        from yunmin.testing.verify.sequences import run_sequences

        clock = SystemClock()
        begun = clock.monotonic()
        report = run_sequences(count, first_seed=seed, workers=workers, progress=_Progress(count, "sequences"))
        seconds = clock.monotonic() - begun
        if as_json:
            emit_json({**report._asdict(), "seconds": round(seconds, 1)})
        else:
            _show_sequences(report, seconds)
        if report.violations:
            raise typer.Exit(Exit.CHECK_FAILED)

    run_plainly(work, as_json=as_json)


def _show_sequences(report: SequencesReport, seconds: float) -> None:
    last = report.first_seed + report.runs - 1
    typer.echo(
        f"""seeds {report.first_seed} to {last}: {report.runs:,} sequences in {seconds:.1f} s
{report.orders:,} orders, {report.fills:,} fills, {report.events:,} events, {report.crashes:,} crashes, \
{report.cuts:,} stream gaps
{len(report.violations)} violations"""
    )
    for broken, what in report.violations[:20]:
        typer.echo(f"  seed {broken}: {what}")
    if report.violations:
        typer.echo(f"\nAgain: yunmin verify sequences --count 1 --seed {report.broken_seeds[0]}")


@verify.command("crash")
def crash(
    cycles: Annotated[int, typer.Option("--cycles", min=1, help="How many lives are killed.")] = 20,
    seed: Annotated[int, typer.Option("--seed", help="Fixes where and when each life ends.")] = 0,
    folder: Annotated[Path | None, typer.Option("--folder", help="Keep the journal here, for a look.")] = None,
    adapter: AdapterOption = None,
    as_json: JsonOption = False,
) -> None:
    """kill -9 of a trading program, again and again, at named places and at any moment, in fair weather and in storms.

    A local venue in another process is the oracle: at the end every order and fill is on both sides, once, and nothing
    is in doubt. Exit code 1 where that is not so.
    """

    def work() -> None:
        from yunmin.testing.verify.crash import verify_crashes

        plugin = choose_adapter(adapter)
        clock = SystemClock()
        begun = clock.monotonic()
        with tempfile.TemporaryDirectory(prefix="yunmin-") as scratch:
            report = verify_crashes(
                plugin, folder or Path(scratch) / "account", cycles=cycles, seed=seed,
                progress=_Progress(cycles, "lives"),
            )  # fmt: skip
        seconds = clock.monotonic() - begun
        if as_json:
            emit_json({**report._asdict(), "violations": report.violations, "seconds": round(seconds, 1)})
        else:
            _show_crashes(report, seconds)
        if report.violations:
            raise typer.Exit(Exit.CHECK_FAILED)

    run_plainly(work, as_json=as_json)


def _show_crashes(report: CrashReport, seconds: float) -> None:
    typer.echo(f"seed {report.seed}: {report.cycles} lives in {seconds:.0f} s; the venue has {report.orders:,} orders")
    for place, count in sorted(report.killed_at.items()):
        typer.echo(f"  {place:36}{count:>6}")
    typer.echo(
        f"{len(report.lost)} lost, {len(report.doubled)} doubled, {len(report.unknown)} unknown after heal, "
        f"{len(report.different)} different, {len(report.broken_lives)} lives that ended otherwise"
    )
    for what in report.violations[:20]:
        typer.echo(f"  {what}")


@verify.command("soak")
def soak(
    minutes: Annotated[float, typer.Option("--minutes", min=0.01, help="For how long.")] = 10.0,
    rate: Annotated[float, typer.Option("--rate", min=1.0, help="Reports of orders and fills a second.")] = 500.0,
    seed: Annotated[int, typer.Option("--seed", help="Fixes the weather and what the account does.")] = 0,
    folder: Annotated[Path | None, typer.Option("--folder", help="Keep the journal here, for a look.")] = None,
    adapter: AdapterOption = None,
    as_json: JsonOption = False,
) -> None:
    """An account under a steady rain of events, with disconnects, losses, duplicates and disorder, on a local venue.

    At the end every fill of the venue's ledger is booked exactly once, neither memory in use nor all that is resident
    has grown by more than 1 MB an hour since all that is bounded was full, and no task and no file is left. Exit code 1
    where that is not so.
    """

    def work() -> None:
        from yunmin.testing.verify.soak import verify_soak

        plugin, seconds = choose_adapter(adapter), minutes * 60
        with tempfile.TemporaryDirectory(prefix="yunmin-") as scratch:
            report = verify_soak(
                plugin, folder or Path(scratch) / "account", seconds=seconds, rate=rate, seed=seed,
                progress=_Progress(int(seconds), "seconds"),
            )  # fmt: skip
        if as_json:
            emit_json(
                {
                    **report._asdict(),
                    "growth_in_use": _slope(report.growth_in_use),
                    "growth": _slope(report.growth),
                }
            )
        else:
            _show_soak(report, wanted=rate)
        if report.violations:
            raise typer.Exit(Exit.CHECK_FAILED)

    run_plainly(work, as_json=as_json)


def _slope(growth: Growth | None) -> dict[str, float] | None:
    return None if growth is None else growth._asdict()


def _megabytes_an_hour(growth: Growth | None) -> str:
    if growth is None:
        return "not told here"
    return f"{growth.per_hour / 2**20:+.2f} MB an hour (standard error {growth.error / 2**20:.2f})"


def _show_soak(report: SoakReport, *, wanted: float) -> None:
    typer.echo(
        f"""seed {report.seed}: {report.seconds:.0f} s at {report.rate:.0f} reports a second (wanted: {wanted:.0f})
{report.orders:,} orders, {report.fills:,} fills, {report.reports:,} reports told, {report.balances:,} of balances
{report.strikes:,} faults of the venue, {report.gaps:,} gaps of the stream"""
    )
    if report.growth is None:
        typer.echo(
            f"memory {report.megabytes} MB; not judged: too little time was left when all that is bounded was full"
        )
    else:
        typer.echo(
            f"memory {report.megabytes} MB, after a warm-up of {report.warmed_up_after:.0f} s "
            f"{_megabytes_an_hour(report.growth)}, in use {_megabytes_an_hour(report.growth_in_use)}"
        )
    typer.echo(f"{len(report.violations)} violations")
    for what in report.violations[:20]:
        typer.echo(f"  {what}")


@verify.command("io")
def io(
    orders: Annotated[int, typer.Option("--orders", min=1, help="How many orders each run writes down.")] = 4,
    every: Annotated[int, typer.Option("--every", min=1, help="Fail only every so many-th call.")] = 1,
    seed: Annotated[int, typer.Option("--seed", help="Decides what of the unflushed survives without power.")] = 1,
    as_json: JsonOption = False,
) -> None:
    """The disk fails under the order journal: at its first call, at its second, and so on, in each way there is.

    After each failure the process is killed, or the power goes, and the journal is opened again: no intent that was
    durable is lost, nothing is there that was not written. Exit code 1 where that is not so.
    """

    def work() -> None:
        from yunmin.testing.verify.io import sweep_journal

        report = sweep_journal(orders=orders, seed=seed, every=every)
        if as_json:
            emit_json({"seed": seed, **report._asdict()})
        else:
            typer.echo(
                f"seed {seed}: {report.runs:,} runs; in {report.failures:,} one of {report.calls:,} calls failed\n"
                f"{len(report.violations)} violations"
            )
            for what in report.violations[:20]:
                typer.echo(f"  {what}")
        if report.violations:
            raise typer.Exit(Exit.CHECK_FAILED)

    run_plainly(work, as_json=as_json)


@verify.command("fuzz")
def fuzz(
    seconds: Annotated[float, typer.Option("--seconds", min=0.1, help="For how long, each target.")] = 60.0,
    target: Annotated[list[str] | None, typer.Option("--target", help="Only this one; may be given again.")] = None,
    seed: Annotated[int, typer.Option("--seed", help="Fixes the bytes, where atheris does not choose them.")] = 0,
    plain: Annotated[bool, typer.Option("--plain", help="By seed alone, also where atheris is installed.")] = False,
    adapter: AdapterOption = None,
    as_json: JsonOption = False,
) -> None:
    """Any bytes at every reader of what others write: answers, streams, the journal's file, numbers, requests.

    Each is taken or refused by an error that is documented. Led by coverage where atheris is installed. Exit code 1
    where anything else came of it.
    """

    def work() -> None:
        from yunmin.testing.verify import fuzz as fuzzing

        plugin = choose_adapter(adapter)
        is_led = fuzzing.guide_is_there() and not plain
        reports = []
        for one in fuzzing.targets_of(plugin, target or ()):
            if is_led:
                reports.append(fuzzing.fuzz_guided(plugin, one, seconds=seconds, seed=seed))
            else:
                reports.append(fuzzing.fuzz(one, seconds=seconds, seed=seed))
        if as_json:
            emit_json([{**one._asdict(), "findings": [found._asdict() for found in one.findings]} for one in reports])
        else:
            _show_fuzz(reports)
        if any(one.findings for one in reports):
            raise typer.Exit(Exit.CHECK_FAILED)

    run_plainly(work, as_json=as_json)


def _show_fuzz(reports: list[FuzzReport]) -> None:
    for one in reports:
        how = "led by coverage" if one.guided else f"seed {one.seed}"
        typer.echo(
            f"{one.target:16}{one.executions:>12,} inputs in {one.seconds:.0f} s ({how}), {one.taken:,} taken, "
            f"{len(one.findings)} findings"
        )
        for found in one.findings:
            typer.echo(f"  {found.what}\n    at {found.where}; base64: {found.data[:200]}")


@verify.command("coverage")
def coverage(
    root: Annotated[Path, typer.Option("--root", help="The checkout whose docs and tests are compared.")] = Path(),
    as_json: JsonOption = False,
) -> None:
    """Every numbered fault and case of the docs has a test that carries its number. Exit code 1 where one has none."""

    def work() -> None:
        from yunmin.testing.verify.coverage import verify_coverage

        found = verify_coverage(root)
        if as_json:
            emit_json(found._asdict())
        else:
            typer.echo(f"{len(found.rows)} numbered rows, {len(found.untested)} without a test")
            for row in found.untested:
                typer.echo(f"  {row}")
        if found.untested:
            raise typer.Exit(Exit.CHECK_FAILED)

    run_plainly(work, as_json=as_json)


class _Progress:
    """Says on a terminal's stderr how far it is; says nothing where nobody watches."""

    def __init__(self, total: int, what: str = "orders") -> None:
        self._total = total
        self._what = what
        self._is_watched = sys.stderr.isatty()

    def __call__(self, done: int) -> None:
        if self._is_watched:
            end = "\n" if done >= self._total else ""
            sys.stderr.write(f"\r{done:,} of {self._total:,} {self._what}{end}")
            sys.stderr.flush()


def _show(wanted: VenueTrial, report: TrialReport, violations: list[str], *, seconds: float) -> None:
    refused = sum(count for kind, count in report.kinds.items() if kind.endswith("refused"))
    typer.echo(
        f"""seed {wanted.seed}: {report.orders:,} orders in {report.requests:,} requests of {wanted.accounts} accounts
{report.fills:,} fills, {refused:,} requests refused, {report.events:,} lines of log, {seconds:.1f} s
log SHA-256  {report.log_sha256}
"""
    )
    for kind, count in report.kinds.items():
        typer.echo(f"  {kind:32}{count:>9,}")
    typer.echo(f"\n{len(violations)} violations" + ("" if violations else ": value conserved, no book crossed, no gap"))
    for violation in violations:
        typer.echo(f"  {violation}")
    again = f"yunmin verify venue --orders {wanted.orders} --accounts {wanted.accounts} --seed {wanted.seed}"
    typer.echo(f"\nAgain, with every line: {again} --log FILE")
