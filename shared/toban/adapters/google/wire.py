"""
The messages of the Firestore and Pub/Sub protocols that toban sends and reads, and no others.

Google's generated clients describe hundreds and import requests, cryptography and all their
asynchronous twins: two thirds of a function's start (see docs/measurements.md). Field numbers and
types are the protocol's own
(https://github.com/googleapis/googleapis/tree/master/google/firestore/v1 and …/google/pubsub/v1);
a test compares every one with the installed clients.
"""

from __future__ import annotations

import re
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

# One message a line: `name:number:type`, `*` repeated, `%` a map from strings, `|x` in oneof x.
# A message that is never looked into is `bytes`, an enum `int32`: the same on the wire.
_FIRESTORE = """
Timestamp seconds:1:int64 nanos:2:int32
Int32Value value:1:int32
Value null_value:11:int32|value_type boolean_value:1:bool|value_type integer_value:2:int64|value_type double_value:3:double|value_type timestamp_value:10:Timestamp|value_type string_value:17:string|value_type bytes_value:18:bytes|value_type reference_value:5:string|value_type geo_point_value:8:bytes|value_type array_value:9:ArrayValue|value_type map_value:6:MapValue|value_type
ArrayValue values:1:*Value
MapValue fields:1:%Value
Document name:1:string fields:2:%Value create_time:3:Timestamp update_time:4:Timestamp
Precondition exists:1:bool|condition_type update_time:2:Timestamp|condition_type
Write update:1:Document|operation delete:2:string|operation current_document:4:Precondition
CommitRequest database:1:string writes:2:*Write
WriteResult update_time:1:Timestamp
CommitResponse write_results:1:*WriteResult commit_time:2:Timestamp
BatchGetDocumentsRequest database:1:string documents:2:*string
BatchGetDocumentsResponse found:1:Document|result missing:2:string|result
FieldReference field_path:2:string
CollectionSelector collection_id:2:string
FieldFilter field:1:FieldReference op:2:int32 value:3:Value
UnaryFilter op:1:int32 field:2:FieldReference|operand_type
CompositeFilter op:1:int32 filters:2:*Filter
Filter composite_filter:1:CompositeFilter|filter_type field_filter:2:FieldFilter|filter_type unary_filter:3:UnaryFilter|filter_type
Order field:1:FieldReference direction:2:int32
StructuredQuery from_:2:*CollectionSelector where:3:Filter order_by:4:*Order limit:5:Int32Value
RunQueryRequest parent:1:string structured_query:2:StructuredQuery|query_type
RunQueryResponse document:1:Document
Count up_to:1:bytes
Aggregation count:1:Count|operator alias:7:string
StructuredAggregationQuery structured_query:1:StructuredQuery|query_type aggregations:3:*Aggregation
RunAggregationQueryRequest parent:1:string structured_aggregation_query:2:StructuredAggregationQuery|query_type
AggregationResult aggregate_fields:2:%Value
RunAggregationQueryResponse result:1:AggregationResult
"""
_PUBSUB = """
PubsubMessage data:1:bytes attributes:2:%string message_id:3:string publish_time:4:Timestamp
PublishRequest topic:1:string messages:2:*PubsubMessage
PublishResponse message_ids:1:*string
PullRequest subscription:1:string return_immediately:2:bool max_messages:3:int32
ReceivedMessage ack_id:1:string message:2:PubsubMessage delivery_attempt:3:int32
PullResponse received_messages:1:*ReceivedMessage
AcknowledgeRequest subscription:1:string ack_ids:2:*string
Empty
"""

_PACKAGE = "toban.wire"
_FIELD = re.compile(r"(\w+):(\d+):([*%]?)(\w+)(?:\|(\w+))?")
_Field = descriptor_pb2.FieldDescriptorProto
_SCALARS = {
    "bool": _Field.TYPE_BOOL,
    "bytes": _Field.TYPE_BYTES,
    "double": _Field.TYPE_DOUBLE,
    "int32": _Field.TYPE_INT32,
    "int64": _Field.TYPE_INT64,
    "string": _Field.TYPE_STRING,
}


def _file() -> descriptor_pb2.FileDescriptorProto:
    file = descriptor_pb2.FileDescriptorProto(
        name="toban/wire.proto", package=_PACKAGE, syntax="proto3"
    )
    for line in (_FIRESTORE + _PUBSUB).splitlines():
        name, _, fields = line.partition(" ")
        if name:
            _describe(file.message_type.add(name=name), fields)
    return file


def _describe(message: Any, fields: str) -> None:
    oneofs: list[str] = []
    for name, number, many, kind, oneof in _FIELD.findall(fields):
        field = message.field.add(name=name, number=int(number), label=_Field.LABEL_OPTIONAL)
        if oneof:
            if oneof not in oneofs:
                oneofs.append(oneof)
                message.oneof_decl.add(name=oneof)
            field.oneof_index = oneofs.index(oneof)
        if many:
            field.label = _Field.LABEL_REPEATED
        if many == "%":
            entry = message.nested_type.add(name=f"{name.title().replace('_', '')}Entry")
            entry.options.map_entry = True
            _type(entry.field.add(name="key", number=1, label=_Field.LABEL_OPTIONAL), "string")
            _type(entry.field.add(name="value", number=2, label=_Field.LABEL_OPTIONAL), kind)
            field.type = _Field.TYPE_MESSAGE
            field.type_name = f".{_PACKAGE}.{message.name}.{entry.name}"
        else:
            _type(field, kind)


def _type(field: Any, kind: str) -> None:
    if kind in _SCALARS:
        field.type = _SCALARS[kind]
    else:
        field.type = _Field.TYPE_MESSAGE
        field.type_name = f".{_PACKAGE}.{kind}"


# A pool of its own: the names do not meet those of Google's clients in the same process.
_pool = descriptor_pool.DescriptorPool()
_pool.AddSerializedFile(_file().SerializeToString())


def _message(name: str) -> Any:
    return message_factory.GetMessageClass(_pool.FindMessageTypeByName(f"{_PACKAGE}.{name}"))


CommitRequest = _message("CommitRequest")
CommitResponse = _message("CommitResponse")
BatchGetDocumentsRequest = _message("BatchGetDocumentsRequest")
BatchGetDocumentsResponse = _message("BatchGetDocumentsResponse")
RunQueryRequest = _message("RunQueryRequest")
RunQueryResponse = _message("RunQueryResponse")
RunAggregationQueryRequest = _message("RunAggregationQueryRequest")
RunAggregationQueryResponse = _message("RunAggregationQueryResponse")
PubsubMessage = _message("PubsubMessage")
PublishRequest = _message("PublishRequest")
PublishResponse = _message("PublishResponse")
PullRequest = _message("PullRequest")
PullResponse = _message("PullResponse")
AcknowledgeRequest = _message("AcknowledgeRequest")
Empty = _message("Empty")
