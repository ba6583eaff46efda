"""The envelope of the two answers that OICP pages.

Source: OICP 2.3 EMP, eRoamingEVSEData, eRoamingChargeDetailRecords."""

from msgspec import field

from protocols.oicp.wire.base import Wire
from protocols.oicp.wire.cdr import ChargeDetailRecord
from protocols.oicp.wire.common import StatusCode
from protocols.oicp.wire.evse_data import PullEvseDataRecord


class Sort(Wire, frozen=True, kw_only=True, omit_defaults=False):
    """How a page is sorted."""

    sorted: bool = field(name="sorted", default=False)
    unsorted: bool = field(name="unsorted", default=True)
    empty: bool = field(name="empty", default=True)


class Pageable(Wire, frozen=True, kw_only=True, omit_defaults=False):
    """The page that was asked for, as newer clients expect it."""

    sort: Sort | None = field(name="sort", default=None)
    page_number: int = field(name="pageNumber")
    page_size: int = field(name="pageSize")
    offset: int = field(name="offset")
    paged: bool = field(name="paged", default=True)
    unpaged: bool = field(name="unpaged", default=False)


class Page(Wire, frozen=True, kw_only=True):
    """What all pages carry beside `content`. `number` counts from 0; `size` is what was asked, not what is here."""

    number: int = field(name="number")
    size: int = field(name="size")
    total_elements: int = field(name="totalElements")
    total_pages: int = field(name="totalPages")
    number_of_elements: int = field(name="numberOfElements")
    first: bool = field(name="first")
    last: bool = field(name="last")
    empty: bool | None = field(name="empty", default=None)
    pageable: Pageable | None = field(name="pageable", default=None)
    sort: Sort | None = field(name="sort", default=None)
    status_code: StatusCode | None = None


class EvseDataPage(Page, frozen=True, kw_only=True):
    """eRoamingEVSEData."""

    content: tuple[PullEvseDataRecord, ...] = field(name="content")


class ChargeDetailRecordPage(Page, frozen=True, kw_only=True):
    """eRoamingChargeDetailRecords."""

    content: tuple[ChargeDetailRecord, ...] = field(name="content")
