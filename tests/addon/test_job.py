"""A job tells its progress and its end once, in order; a cancelled one stops and says nothing more."""

import threading

import pytest

from addon.job import Done, Failed, Job, Progress, Report


def test_progress_comes_before_the_result() -> None:
    def work(report: Report) -> str:
        report(1, 4)
        report(4, 4)
        return "result"

    job = Job(work)
    assert job.wait(10)
    assert job.messages() == [Progress(0.25), Progress(1.0), Done("result")]
    assert job.messages() == []


def test_an_error_crosses_to_the_caller() -> None:
    def work(_report: Report) -> None:
        raise ValueError("wrong")

    job = Job(work)
    assert job.wait(10)
    (message,) = job.messages()
    assert isinstance(message, Failed)
    assert repr(message.error) == "ValueError('wrong')"


@pytest.mark.parametrize("reports_again", [True, False])
def test_a_cancelled_job_stops_at_its_next_report_and_is_silent(reports_again: bool) -> None:
    started, go_on, reached_the_end = threading.Event(), threading.Event(), threading.Event()

    def work(report: Report) -> None:
        report(0, 2)
        started.set()
        go_on.wait(10)
        if reports_again:
            report(1, 2)
        reached_the_end.set()

    job = Job(work)
    assert started.wait(10)
    job.cancel()
    go_on.set()
    assert job.wait(10)
    assert job.messages() == []
    assert reached_the_end.is_set() != reports_again
