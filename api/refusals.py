"""Which refusal of the store and of ours answers with which status and key."""

from api.problems import OURS
from dispatch.cap import NoMessage
from dispatch.playbook import NotTheirs, PersonNeeded, ReasonNeeded, UnknownStep
from store.commands import SirenInUse
from store.devices import DeviceExists, UnknownDevice, UnknownPlace, UnknownSite
from store.dispatches import ResponderBusy
from store.errors import NotFound
from store.history import UnknownMetric
from store.incidents import AlreadyAcknowledged, StaleVersion, UnknownCause
from store.safety import NotPossible
from store.trail import OtherNote

TABLE: dict[type[Exception], tuple[int, str]] = {
    **OURS,
    NotFound: (404, "not_found"),
    AlreadyAcknowledged: (409, "already_acknowledged"),
    StaleVersion: (409, "stale_version"),
    OtherNote: (409, "other_note"),
    UnknownCause: (422, "unknown_cause"),
    UnknownDevice: (404, "unknown_device"),
    DeviceExists: (409, "device_exists"),
    UnknownPlace: (422, "unknown_place"),
    UnknownMetric: (422, "invalid"),
    NotPossible: (422, "invalid"),
    UnknownSite: (422, "unknown_place"),
    ResponderBusy: (409, "responder_busy"),
    NoMessage: (409, "no_cap"),
    UnknownStep: (404, "unknown_step"),
    ReasonNeeded: (422, "reason_needed"),
    NotTheirs: (403, "not_permitted"),
    PersonNeeded: (403, "not_permitted"),
    SirenInUse: (409, "siren_in_use"),
}
