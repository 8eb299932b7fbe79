"""What a command answers with one line instead of a traceback: everything that a person can act on."""

import psycopg

from broker.config import BadConfig
from broker.server import BrokerFailed
from dispatch.incident import NotAllowed
from store.errors import StoreError
from store.refusing import READ_ONLY
from vigil.certificates import NoCertificate
from vigil.demo import DistrictDoesNotFit
from vigil.ports import NoFreePort
from vigil.settings import BadSetting
from vigil.simulate import NothingToSimulate
from vigil.state import NotRunning
from vigil.supervisor import ChildFailed
from vigil.up import AlreadyRunning

EXPECTED: tuple[type[Exception], ...] = (
    AlreadyRunning,
    BadConfig,
    BadSetting,
    BrokerFailed,
    ChildFailed,
    DistrictDoesNotFit,
    NoCertificate,
    NoFreePort,
    NotAllowed,
    NotRunning,
    *NothingToSimulate,
    StoreError,
    psycopg.OperationalError,
    READ_ONLY,
    ConnectionError,
    FileNotFoundError,
    PermissionError,
    TimeoutError,
)
