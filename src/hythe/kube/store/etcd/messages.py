"""etcd's messages, as far as they are used: names, field numbers and types, made into protobuf classes at import.

Source: etcd's rpc.proto and kv.proto (v3.4). Unknown fields are skipped by protobuf, so what is left out here does no
harm. A type in capitals is a message of this table; `*` before it: repeated.
"""

from __future__ import annotations

from typing import Any, Final

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

_PACKAGE: Final = "hythe.etcd"  # not etcd's own: others in this process may have those

_TABLE: Final = {
    "KeyValue": "1 key bytes, 2 create_revision int64, 3 mod_revision int64, 5 value bytes, 6 lease int64",
    "Event": "1 type int64, 2 kv KeyValue, 3 prev_kv KeyValue",
    "Header": "3 revision int64",
    "RangeRequest": "1 key bytes, 2 range_end bytes, 3 limit int64, 4 revision int64, 9 count_only bool",
    "RangeResponse": "1 header Header, 2 kvs *KeyValue, 3 more bool, 4 count int64",
    "PutRequest": "1 key bytes, 2 value bytes, 3 lease int64",
    "DeleteRequest": "1 key bytes, 2 range_end bytes",
    "RequestOp": "1 range RangeRequest, 2 put PutRequest, 3 delete DeleteRequest",
    "ResponseOp": "1 range RangeResponse",
    "Compare": "1 result int64, 2 target int64, 3 key bytes, 6 mod_revision int64",
    "TxnRequest": "1 compare *Compare, 2 success *RequestOp, 3 failure *RequestOp",
    "TxnResponse": "1 header Header, 2 succeeded bool, 3 responses *ResponseOp",
    "CompactionRequest": "1 revision int64, 2 physical bool",
    "CompactionResponse": "1 header Header",
    "WatchCreate": "1 key bytes, 2 range_end bytes, 3 start_revision int64, 6 prev_kv bool",
    "WatchRequest": "1 create WatchCreate",
    "WatchResponse": "1 header Header, 3 created bool, 4 canceled bool, 5 compact_revision int64,"
    " 6 cancel_reason string, 11 events *Event",
    "LeaseGrantRequest": "1 TTL int64, 2 ID int64",
    "LeaseGrantResponse": "1 header Header, 2 ID int64, 3 TTL int64",
}
_TYPES: Final = {
    "bytes": 12,
    "int64": 3,
    "bool": 8,
    "string": 9,
}  # descriptor.proto's; enums are read as int64
_MESSAGE_TYPE: Final = 11

PUT, DELETE = 0, 1  # Event.type
EQUAL, MOD = 0, 2  # Compare.result, Compare.target


def _file() -> descriptor_pb2.FileDescriptorProto:
    file = descriptor_pb2.FileDescriptorProto(name="hythe/etcd.proto", package=_PACKAGE, syntax="proto3")
    for name, fields in _TABLE.items():
        message = file.message_type.add(name=name)
        for entry in fields.split(","):
            number, field, kind = entry.split()
            _add(message, int(number), field, kind)
    return file


def _add(message: Any, number: int, field: str, kind: str) -> None:
    added = message.field.add(name=field, number=number, label=3 if kind.startswith("*") else 1)
    kind = kind.removeprefix("*")
    added.type = _TYPES.get(kind, _MESSAGE_TYPE)
    if added.type == _MESSAGE_TYPE:
        added.type_name = f".{_PACKAGE}.{kind}"


_pool: Final = descriptor_pool.DescriptorPool()
_pool.Add(_file())


def message(name: str) -> Any:
    """The class of a message."""
    return message_factory.GetMessageClass(_pool.FindMessageTypeByName(f"{_PACKAGE}.{name}"))
