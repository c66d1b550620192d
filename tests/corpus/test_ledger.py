"""What writers cost, day by day, and who rests after a failure: kept in the record, for all processes of a home."""

from __future__ import annotations

import threading
from datetime import UTC, datetime

import pytest

from corpus.ledger import FIRST_REST_SECONDS, LONGEST_REST_SECONDS, Ledger, Spent
from corpus.settings import Settings
from tests.asking import Time

LATE_EVENING = datetime(2027, 3, 1, 23, 59, 30, tzinfo=UTC).timestamp()


@pytest.fixture
def time() -> Time:
    return Time(LATE_EVENING)


@pytest.fixture
def ledger(settings: Settings, time: Time) -> Ledger:
    return Ledger(settings.record_path, time)


class TestSpending:
    def test_what_was_spent_adds_up_by_writer(self, ledger: Ledger) -> None:
        assert ledger.spent_today("one") == Spent()
        ledger.spend("one", Spent(1, 300, 40, 0.25))
        ledger.spend("one", Spent(1, 200, 10, 0.5))
        ledger.spend("two", Spent(1, 7, 7, 0.0))
        assert ledger.spent_today("one") == Spent(2, 500, 50, 0.75)
        assert ledger.spent_today("two") == Spent(1, 7, 7, 0.0)

    def test_a_day_begins_at_midnight_utc(self, ledger: Ledger, time: Time) -> None:
        """Whatever the zone of the machine: several may share a home."""
        ledger.spend("one", Spent(1, 300, 40, 0.25))
        time.passes(29)
        assert ledger.spent_today("one").read == 300
        time.passes(1)
        assert ledger.spent_today("one") == Spent()
        ledger.spend("one", Spent(1, 5, 5, 0.0))
        assert ledger.spent_today("one") == Spent(1, 5, 5, 0.0)

    def test_another_process_sees_it(self, ledger: Ledger, settings: Settings, time: Time) -> None:
        ledger.spend("one", Spent(1, 300, 40, 0.25))
        ledger.failed("one", "it is away")
        other = Ledger(settings.record_path, time)
        assert other.spent_today("one") == Spent(1, 300, 40, 0.25)
        rest = other.rest_of("one")
        assert rest is not None and rest.reason == "it is away"

    def test_nothing_is_lost_between_threads(self, ledger: Ledger, settings: Settings, time: Time) -> None:
        """Answers are written side by side, over two connections here."""
        other = Ledger(settings.record_path, time)
        together = threading.Barrier(8)

        def spend(where: Ledger) -> None:
            together.wait()
            for _ in range(5):
                where.spend("one", Spent(1, 10, 1, 0.0))

        threads = [threading.Thread(target=spend, args=(one,)) for one in [ledger, other] * 4]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert ledger.spent_today("one") == Spent(40, 400, 40, 0.0)


class TestResting:
    def test_it_rests_twice_as_long_each_time_in_a_row(self, ledger: Ledger, time: Time) -> None:
        expected = FIRST_REST_SECONDS
        for _ in range(10):
            ledger.failed("one", "it is away")
            rest = ledger.rest_of("one")
            assert rest is not None and rest.seconds == pytest.approx(expected)
            time.passes(expected - 1)
            assert ledger.rest_of("one") is not None
            time.passes(1)
            assert ledger.rest_of("one") is None
            expected = min(expected * 2, LONGEST_REST_SECONDS)
        assert expected == LONGEST_REST_SECONDS

    def test_once_it_worked_it_begins_anew(self, ledger: Ledger) -> None:
        ledger.failed("one", "it is away")
        ledger.failed("one", "it is away")
        ledger.worked("one")
        assert ledger.rest_of("one") is None
        ledger.failed("one", "it is away")
        rest = ledger.rest_of("one")
        assert rest is not None and rest.seconds == pytest.approx(FIRST_REST_SECONDS)

    def test_it_rests_for_as_long_as_it_asked_where_that_is_longer(self, ledger: Ledger) -> None:
        ledger.failed("one", "its quota is spent", 1_000.0)
        ledger.failed("two", "its quota is spent", 1.0)
        one, two = ledger.rest_of("one"), ledger.rest_of("two")
        assert one is not None and one.seconds == pytest.approx(1_000.0)
        assert two is not None and two.seconds == pytest.approx(FIRST_REST_SECONDS)

    def test_one_that_begins_afresh_rests_from_its_second_failure_on(self, ledger: Ledger) -> None:
        """A local model that crashed once answers the next question; one that crashes each time costs no more memory."""
        ledger.failed("one", "it crashed", first_is_free=True)
        assert ledger.rest_of("one") is None
        ledger.failed("one", "it crashed", first_is_free=True)
        rest = ledger.rest_of("one")
        assert rest is not None and rest.seconds == pytest.approx(FIRST_REST_SECONDS)

    def test_the_others_go_on(self, ledger: Ledger) -> None:
        ledger.failed("one", "it is away")
        assert ledger.rest_of("two") is None
