"""What applets may import: the one list the policy checks by and the runtime builds its modules from.

Not here on purpose: attrgetter and methodcaller (they reach attributes by text), getcontext (shared by all calls),
seed (one generator for all), everything that touches files, processes, clocks or the interpreter.
"""

from __future__ import annotations

from collections.abc import Mapping


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


OFFER: Mapping[str, tuple[str, ...]] = {
    "base64": _words("b16decode b16encode b32decode b32encode b64decode b64encode urlsafe_b64decode urlsafe_b64encode"),
    "calendar": _words("FRIDAY MONDAY SATURDAY SUNDAY THURSDAY TUESDAY WEDNESDAY isleap leapdays monthrange weekday"),
    "collections": _words("ChainMap Counter OrderedDict abc defaultdict deque namedtuple"),
    "collections.abc": _words(
        "Callable Collection Container Generator Hashable ItemsView Iterable Iterator KeysView Mapping "
        "MutableMapping MutableSequence MutableSet Reversible Sequence Set Sized ValuesView"
    ),
    "contextlib": _words("contextmanager nullcontext suppress"),
    "dataclasses": _words("FrozenInstanceError KW_ONLY asdict astuple dataclass field fields is_dataclass replace"),
    "datetime": _words("MAXYEAR MINYEAR UTC date datetime time timedelta timezone"),
    "decimal": _words(
        "Decimal DecimalException DivisionByZero Inexact InvalidOperation Overflow ROUND_05UP ROUND_CEILING "
        "ROUND_DOWN ROUND_FLOOR ROUND_HALF_DOWN ROUND_HALF_EVEN ROUND_HALF_UP ROUND_UP Rounded localcontext"
    ),
    "enum": _words("Enum StrEnum auto unique"),
    "fractions": _words("Fraction"),
    "functools": _words("cache cached_property cmp_to_key lru_cache partial reduce total_ordering wraps"),
    "hashlib": _words("blake2b blake2s md5 sha1 sha224 sha256 sha384 sha3_256 sha3_512 sha512"),
    "hmac": _words("compare_digest digest new"),
    "html": _words("escape unescape"),
    "itertools": _words(
        "accumulate chain combinations combinations_with_replacement compress count cycle dropwhile filterfalse "
        "groupby islice pairwise permutations product repeat starmap takewhile tee zip_longest"
    ),
    "json": _words("JSONDecodeError dumps loads"),
    "math": _words(
        "acos acosh asin asinh atan atan2 atanh cbrt ceil comb copysign cos cosh degrees dist e erf erfc exp exp2 "
        "expm1 fabs factorial floor fmod frexp fsum gamma gcd hypot inf isclose isfinite isinf isnan isqrt lcm ldexp "
        "lgamma log log10 log1p log2 modf nan nextafter perm pi pow prod radians remainder sin sinh sqrt tan tanh tau "
        "trunc ulp"
    ),
    "operator": _words(
        "abs add and_ concat contains eq floordiv ge gt index inv invert is_ is_not itemgetter le lt mod mul ne neg "
        "not_ or_ pos pow sub truediv truth xor"
    ),
    "pathlib": _words("Path"),
    "random": _words(
        "Random betavariate choice choices expovariate gauss getrandbits normalvariate randint random randrange sample "
        "shuffle triangular uniform"
    ),
    "re": _words(
        "DOTALL I IGNORECASE M MULTILINE S compile error escape findall finditer fullmatch match search split sub subn"
    ),
    "sdk": _words(
        "Actor Balance Context Document Event Movement Page Question Tenant decimal_text document_errors errors hooks "
        "round_half_up values"
    ),
    "sdk.document_errors": _words(
        "AmountInexact BalanceNegative CapabilityMissing CompanyRequired CursorInvalid DimensionNotText "
        "DimensionTooLong DocumentArchived DocumentDeleted DocumentInvalid DocumentLinked DocumentNotArchivable "
        "DocumentNotDeletable DocumentNotEditable DocumentNotFound DocumentUncastable DocumentsBeingCast "
        "EventForeign EventTypeInvalid ForeignRegister LinkBroken MovementOutsideWrite NoStateMachine "
        "NotUnambiguous PageSizeExceeded PermissionDenied TooManyFound UniqueKeyTaken"
    ),
    "sdk.errors": _words(
        "BosError Conflict Forbidden Invalid LimitExceeded NotFound StaleVersion TooLarge Unauthenticated Unavailable "
        "VersionRequired Violation"
    ),
    "sdk.hooks": _words(
        "action after_action after_save before_delete before_save demo_data disabled enabled invariant on resolve "
        "upgraded validate_action validate_document"
    ),
    "sdk.values": _words(
        "DECIMAL_DIGITS_MAX decimal_text instant_text round_half_up scale_of spread_rest start_of_day to_date "
        "to_decimal to_instant"
    ),
    "statistics": _words(
        "StatisticsError correlation covariance fmean geometric_mean harmonic_mean linear_regression mean median "
        "median_grouped median_high median_low mode multimode pstdev pvariance quantiles stdev variance"
    ),
    "string": _words(
        "ascii_letters ascii_lowercase ascii_uppercase capwords digits hexdigits octdigits printable punctuation "
        "whitespace"
    ),
    "typing": _words(
        "Annotated Any Callable ClassVar Dict Final FrozenSet Generator Generic Iterable Iterator List Literal Mapping "
        "NewType NoReturn Optional ParamSpec Protocol Self Sequence Set TYPE_CHECKING Tuple Type TypeAlias "
        "TypeGuard TypeVar Union assert_never cast final overload runtime_checkable"
    ),
    "unicodedata": _words("bidirectional category combining decimal digit is_normalized lookup name normalize numeric"),
    "uuid": _words("NAMESPACE_DNS NAMESPACE_OID NAMESPACE_URL UUID uuid3 uuid4 uuid5"),
}
